"""Waiting for a study that was asked to end."""

import time

from rich.console import Console

from mdml_tune.errors import UnavailableError
from mdml_tune.storage.lock import Holder, holder_of
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.stopped import StopRequest

LOOKS_EVERY = 0.5


def stop_study(folder: StudyFolder, patience: float) -> None:
    """Ask whoever runs the study to end, and wait for as many seconds.

    Raises:
        UnavailableError: It has not ended by then; it still will, when it sees the request.
    """
    console = Console()
    request = StopRequest(folder)
    holder = _holder(folder)
    if holder is None:
        request.clear()
        console.print(f"Nobody runs study '{folder.name}'.", markup=False, highlight=False)
        return
    request.request()
    if not _has_let_go(folder, holder, patience, console):
        raise UnavailableError(
            f"Study '{folder.name}' was asked to stop, and {holder} still runs it after "
            f"{patience:g} s. It ends as soon as it sees {request.path}; wait longer with --wait "
            f"SECONDS, or end that process yourself: nothing is lost."
        )
    if _holder(folder) is None:  # else somebody has started it again meanwhile
        request.clear()
    console.print(
        f"Stopped. Nothing is lost: go on with the command that began it, mdml-tune search "
        f"{folder.path / 'study.yaml'} --storage {folder.storage.path}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _has_let_go(folder: StudyFolder, holder: Holder, patience: float, console: Console) -> bool:
    deadline = time.monotonic() + patience
    if not console.is_terminal:
        console.print(f"Asked {holder} to stop.", markup=False, highlight=False, soft_wrap=True)
    with console.status(f"waiting for {holder} to stop"):
        while _holder(folder) == holder:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOOKS_EVERY)
    return True


def _holder(folder: StudyFolder) -> Holder | None:
    return holder_of(folder.path / "LOCK")
