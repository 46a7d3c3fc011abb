"""Checkpoints that are whole or not there, and that know when they have been damaged.

``checkpoints/00012/`` holds ``state.pt`` and ``manifest.json`` (size and SHA-256 of the state);
``checkpoints/LATEST`` names the newest one. A checkpoint is written under another name and renamed
when it is complete. The one before it is kept, because a torch file hardly notices a flipped bit.
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


def save_checkpoint(folder: Path, epoch: int, state: State) -> None:
    """Commit the state after ``epoch``, and drop all but the newest ``KEPT``."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    draft = folder / f"tmp-{os.getpid()}-{epoch}"
    draft.mkdir(parents=True, exist_ok=True)
    with (draft / "state.pt").open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    digest = hashlib.sha256(content).hexdigest()
    write_json(draft / "manifest.json", {"epoch": epoch, "size": len(content), "sha256": digest})
    final = folder / f"{epoch:05d}"
    if final.exists():  # left by an attempt that was resumed from before it
        shutil.rmtree(final)
    draft.rename(final)
    write_json(folder / "LATEST", {"epoch": epoch})
    for old in _saved(folder)[KEPT:]:
        shutil.rmtree(old)


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


def _saved(folder: Path) -> list[Path]:
    """The committed checkpoints, newest first."""
    found = [path for path in folder.glob("*") if path.is_dir() and path.name.isdecimal()]
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def _verified(path: Path, device: torch.device | None) -> State | None:
    try:
        manifest = read_json(path / "manifest.json")
        content = (path / "state.pt").read_bytes()
        if manifest is None or hashlib.sha256(content).hexdigest() != manifest.get("sha256"):
            return None
        # weights_only: a checkpoint can hold no code that loading would run.
        return cast("State", torch.load(io.BytesIO(content), device, weights_only=True))
    except (OSError, ValueError, pickle.UnpicklingError):
        return None
