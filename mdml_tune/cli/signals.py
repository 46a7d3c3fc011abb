"""A closed terminal and a polite kill end a command as Ctrl-C does: in order, resumable."""

import os
import signal
from collections.abc import Sequence
from typing import NoReturn

_OUTPUTS = (1, 2)
"""Descriptors of what is printed."""


def heed_signals() -> None:
    """Turn SIGTERM and SIGHUP into ``KeyboardInterrupt``, unless they are to be ignored (nohup)."""
    terminals = [output for output in _OUTPUTS if os.isatty(output)]

    def hung_up(*_: object) -> NoReturn:
        _mute(terminals)
        raise KeyboardInterrupt

    for number, handler in ((signal.SIGTERM, _interrupt), (signal.SIGHUP, hung_up)):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _mute(terminals: Sequence[int]) -> None:
    """Whatever is said from now on would fail: the terminal is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for terminal in terminals:
        os.dup2(nowhere, terminal)
    os.close(nowhere)
