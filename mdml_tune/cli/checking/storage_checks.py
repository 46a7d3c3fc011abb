"""The doctor looks at the storage: room, and what a dead process has left behind."""

import shutil
import tempfile
from pathlib import Path

from mdml_tune.cli.amounts import size_text
from mdml_tune.cli.checking.checks import Check, ok, problem, warning
from mdml_tune.errors import UnavailableError
from mdml_tune.storage.inventory import dead_locks, empty_trash, set_aside_before
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage

LITTLE = 1_000_000_000
"""Bytes below which a disk is nearly full, whatever a study needs."""

REPAIR = "mdml-tune doctor --repair"


def writable(storage: Storage) -> Check:
    """Whether files can be made there, without leaving one."""
    there = _nearest(storage.path)
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        said = f"{there} cannot be written to: {error.strerror or error}"
        return problem("storage", said, "free or unlock it, or name another with --storage")
    new = "" if storage.path.exists() else " (will be made)"
    return ok("storage", f"{storage.path} can be written to{new}")


def room(storage: Storage, needed: int | None) -> Check:
    """Whether the disk holds what a study leaves there.

    Args:
        storage: Where.
        needed: Bytes; none where no study was named.
    """
    free = shutil.disk_usage(_nearest(storage.path)).free
    said = f"{size_text(free)} free"
    if needed is not None:
        said += f"; the study's checkpoints take about {size_text(needed)} at most"
    remedy = "free some, remove studies (delete, baselines --prune), or name another --storage"
    if needed is not None and free < needed:
        return problem("disk", said, remedy)
    return warning("disk", said, remedy) if free < LITTLE else ok("disk", said)


def leftovers(storage: Storage, *, repair: bool) -> list[Check]:
    """Locks whose holder is dead, and what was being deleted."""
    locks, trash = dead_locks(storage), set_aside_before(storage)
    if repair:
        locks = [path for path in locks if not _released(path)]
        empty_trash(storage)
        trash = set_aside_before(storage)
    found: list[Check] = []
    if locks:
        names = ", ".join(str(path.parent.relative_to(storage.path)) for path in locks[:3])
        said = f"{len(locks)} left by dead processes ({names}{', ...' if locks[3:] else ''})"
        found.append(warning("locks", said, f"harmless: the next start takes over; or {REPAIR}"))
    if trash:
        said = f"{len(trash)} folders whose deletion was interrupted"
        found.append(warning("deleted", said, REPAIR))
    return found or [ok("locks", "none left behind")]


def _released(lock: Path) -> bool:
    """Whether the dead holder's lock is gone now: taken over, and let go."""
    try:
        with held(lock, f"The folder {lock.parent}"):
            pass
    except UnavailableError:
        return False  # somebody lives there again
    return True


def _nearest(path: Path) -> Path:
    """The place itself, or the first above it that is there."""
    return next(place for place in (path, *path.parents) if place.exists())
