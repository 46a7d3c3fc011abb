"""Checkpoints that are whole or not there, and that know when they have been damaged.

``checkpoints/00012/`` holds ``state.pt`` and ``manifest.json`` (size and SHA-256 of the state);
``checkpoints/LATEST`` names the newest one. A checkpoint is written under another name and renamed
when it is complete. The one before it is kept, because a torch file hardly notices a flipped bit.
Where others may begin from any of them, all are.
"""

import hashlib
import io
import logging
import os
import pickle
import shutil
from pathlib import Path
from typing import cast

import torch

from mdml_tune.storage.atomic import read_json, write_json

KEPT = 2

logger = logging.getLogger(__name__)

State = dict[str, object]
"""Tensors and plain values: what ``torch.load`` reads without running code."""


def save_checkpoint(folder: Path, epoch: int, state: State, *, kept: int | None = KEPT) -> None:
    """Commit the state after ``epoch``, and drop all but the newest ``kept``; None keeps all."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    _commit(folder, epoch, buffer.getvalue())
    if kept is not None:
        for old in _saved(folder)[kept:]:
            shutil.rmtree(old)


def copy_checkpoint(source: Path, epoch: int, folder: Path) -> None:
    """Commit in ``folder``, bit for bit, what was saved in ``source`` after exactly ``epoch``.

    Raises:
        FileNotFoundError: There is no such checkpoint, or it is damaged.
    """
    content = _whole_content(_path(source, epoch))
    if content is None:
        raise FileNotFoundError(f"No whole checkpoint of epoch {epoch} in {source}.")
    _commit(folder, epoch, content)


def newest_epoch(folder: Path) -> int | None:
    """Of the newest committed checkpoint, damaged or not; none where there is none."""
    saved = _saved(folder)
    return int(saved[0].name) if saved else None


def load_checkpoint(folder: Path, device: torch.device | None = None) -> tuple[int, State] | None:
    """Epoch and state of the newest checkpoint that is whole; none where there is none.

    Its tensors are on ``device``; without one, where they were when it was saved. A damaged one is moved to ``corrupt/`` and said so; the one before it is taken.
    """
    for path in _saved(folder):
        state = _verified(path, device)
        if state is not None:
            return int(path.name), state
        logger.warning("Checkpoint %s is damaged; going on from the one before it.", path)
        (folder / "corrupt").mkdir(exist_ok=True)
        path.rename(folder / "corrupt" / f"{path.name}-{os.urandom(4).hex()}")
    return None


def drop_checkpoints(folder: Path) -> None:
    """Free the disk of a trial that nobody will go on from."""
    shutil.rmtree(folder, ignore_errors=True)


def _commit(folder: Path, epoch: int, content: bytes) -> None:
    draft = folder / f"tmp-{os.getpid()}-{epoch}"
    draft.mkdir(parents=True, exist_ok=True)
    with (draft / "state.pt").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    digest = hashlib.sha256(content).hexdigest()
    write_json(draft / "manifest.json", {"epoch": epoch, "size": len(content), "sha256": digest})
    final = _path(folder, epoch)
    if final.exists():  # left by an attempt that was resumed from before it
        shutil.rmtree(final)
    draft.rename(final)
    write_json(folder / "LATEST", {"epoch": epoch})


def _path(folder: Path, epoch: int) -> Path:
    return folder / f"{epoch:05d}"


def _saved(folder: Path) -> list[Path]:
    """The committed checkpoints, newest first."""
    found = [path for path in folder.glob("*") if path.is_dir() and path.name.isdecimal()]
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def _verified(path: Path, device: torch.device | None) -> State | None:
    content = _whole_content(path)
    if content is None:
        return None
    try:
        # weights_only: a checkpoint can hold no code that loading would run.
        return cast("State", torch.load(io.BytesIO(content), device, weights_only=True))
    except (OSError, ValueError, pickle.UnpicklingError):
        return None


def _whole_content(path: Path) -> bytes | None:
    """What is saved there, if it is what the manifest says."""
    try:
        manifest = read_json(path / "manifest.json")
        content = (path / "state.pt").read_bytes()
    except (OSError, ValueError):
        return None
    whole = manifest is not None and hashlib.sha256(content).hexdigest() == manifest.get("sha256")
    return content if whole else None
