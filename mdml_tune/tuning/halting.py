"""Why a study ends before its work is done: in order, with everything kept."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Reason = Callable[[], str | None]
"""Says why the study must halt, or none while it may go on."""

LOOKS_EVERY = 1.0
"""Seconds between two looks at what only the disk can tell."""

INTERRUPTED = threading.Event()
"""Whether a signal has asked this process to end. The exception that it raises is lost where it meets a
destructor, or a callback of C code such as Ray's: then the driver's next look finds it here."""


class HaltedError(Exception):
    """The study was halted; nothing a user has to mend."""


@dataclass(slots=True)
class Halt:
    """Asked often by the driver; once there is a reason, it stays."""

    reasons: tuple[Reason, ...] = ()
    reason: str | None = None
    storage: str | None = None
    """What is wrong with the storage, where that is the reason."""
    _looked: float = field(default=-LOOKS_EVERY)

    def __call__(self) -> bool:
        """Whether to halt now."""
        if self.reason is None and time.monotonic() - self._looked >= LOOKS_EVERY:
            self._looked = time.monotonic()
            self.reason = next((said for ask in self.reasons if (said := ask()) is not None), None)
        return self.reason is not None

    def storage_failed(self, problem: str) -> None:
        """A trial or the driver could not write."""
        self.storage = self.storage or problem
        self.reason = self.reason or f"the storage failed: {problem}"
