"""A closed terminal and a polite kill end a command as Ctrl-C does: in order, resumable."""

import os
import signal
from collections.abc import Sequence
from typing import NoReturn

from mdml_tune.tuning.halting import INTERRUPTED

_OUTPUTS = (1, 2)
"""Descriptors of what is printed."""


def heed_signals() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into ``KeyboardInterrupt``, unless they are to be ignored (nohup)."""
    INTERRUPTED.clear()
    terminals = [output for output in _OUTPUTS if os.isatty(output)]

    def hung_up(*_: object) -> NoReturn:
        _mute(terminals)
        _interrupt()

    handlers = {signal.SIGINT: _interrupt, signal.SIGTERM: _interrupt, signal.SIGHUP: hung_up}
    for number, handler in handlers.items():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(*_: object) -> NoReturn:
    INTERRUPTED.set()
    raise KeyboardInterrupt


def _mute(terminals: Sequence[int]) -> None:
    """Whatever is said from now on would fail: the terminal is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for terminal in terminals:
        os.dup2(nowhere, terminal)
    os.close(nowhere)
