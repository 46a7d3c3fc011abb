"""Comparing a packed file with its checksums once, and remembering that it was."""

from contextlib import suppress
from pathlib import Path

from mdml_tune.data.pack import Pack, Progress, require_intact, silent
from mdml_tune.storage.atomic import write_bytes


def require_verified(pack: Pack, on_progress: Progress = silent) -> None:
    """Compare the file with its checksums, unless that was done since it was last written.

    Raises:
        DataError: They differ.
    """
    stamp = _stamp(pack)
    if not stamp.exists() or stamp.read_bytes() != _state(pack):
        require_intact(pack, on_progress)
        mark_verified(pack)


def mark_verified(pack: Pack) -> None:
    """Remember that the file matches its checksums."""
    with suppress(OSError):  # a folder that cannot be written is compared each time
        write_bytes(_stamp(pack), _state(pack))


def _stamp(pack: Pack) -> Path:
    return pack.path.with_name(f".{pack.path.name}.verified")


def _state(pack: Pack) -> bytes:
    status = pack.path.stat()
    return f"{status.st_size} {status.st_mtime_ns}\n".encode()
