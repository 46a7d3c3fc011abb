"""Asking a study that runs, perhaps on another machine, to end in order."""

import time
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.storage.atomic import write_bytes
from mdml_tune.storage.studies import StudyFolder


@dataclass(frozen=True, slots=True)
class StopRequest:
    """A file in the study's folder: one side writes it, the driver looks for it."""

    folder: StudyFolder

    @property
    def path(self) -> Path:
        return self.folder.path / "STOP"

    def request(self) -> None:
        """Ask. The driver looks every second."""
        write_bytes(self.path, f"asked {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n".encode())

    def requested(self) -> bool:
        """Whether somebody has asked."""
        return self.path.exists()

    def clear(self) -> None:
        """Forget the question: it has been answered, or nobody is there to answer it."""
        self.path.unlink(missing_ok=True)
