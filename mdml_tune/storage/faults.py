"""When the storage itself fails: full, read-only or gone. No trial is to blame for that."""

import errno
import os
import shutil
from pathlib import Path

from mdml_tune.errors import UnavailableError
from mdml_tune.storage.atomic import write_bytes

OF_STORAGE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV}
)
"""Errors that say something of the disk and nothing of the trial that met them."""

LEAST_BYTES = 1 << 20
"""Below, not even reports fit."""


def storage_failure(error: BaseException) -> str | None:
    """What is wrong with the storage, where ``error`` or what caused it says so; else none."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in OF_STORAGE:
            where = f" ({seen.filename})" if seen.filename else ""
            return f"{os.strerror(seen.errno)}{where}"
        seen = seen.__cause__ or seen.__context__
    return None


def unusable(folder: Path) -> str | None:
    """Why ``folder`` cannot be written to, found out by writing; none where it can."""
    try:
        write_bytes(folder / ".probe", bytes(LEAST_BYTES))
        (folder / ".probe").unlink()
    except OSError as error:
        return error.strerror or str(error)
    return None


def storage_error(folder: Path, reason: str) -> UnavailableError:
    """What the user is told, with the room that is left."""
    try:
        left = f", {shutil.disk_usage(folder).free / 1e6:,.1f} MB free"
    except OSError:
        left = ""
    return UnavailableError(
        f"The storage {folder} cannot be written to: {reason}{left}. Nothing that was written is "
        f"lost. Free or unlock it (or choose another folder with --storage) and give the same "
        f"command again: it goes on from there."
    )
