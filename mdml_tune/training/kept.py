"""Networks of ended trials, from the checkpoints that were kept of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from mdml_tune.config.load import load_trial
from mdml_tune.scd.teachers import Teachers, load_teacher
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import State, load_checkpoint


def kept_state(folder: TrialFolder) -> State:
    """The trainer's state at the end of a trial, on the CPU: wherever it was trained.

    Raises:
        FileNotFoundError: No whole checkpoint is left of it.
    """
    saved = load_checkpoint(folder.checkpoints, torch.device("cpu"))
    if saved is None:
        raise FileNotFoundError(f"No whole checkpoint in {folder.checkpoints}.")
    return saved[1]


def kept_network(folder: TrialFolder, classes: int, device: torch.device) -> nn.Module:
    """The reported network of an ended trial: frozen, in evaluation mode.

    Raises:
        FileNotFoundError: No whole checkpoint is left of it, or no trial was opened there.
    """
    record = folder.record()
    if record is None:
        raise FileNotFoundError(f"No trial was opened in {folder.path}.")
    peers = cast("list[State]", kept_state(folder)["peers"])
    state = cast("dict[str, Tensor]", peers[0]["network"])
    return load_teacher(load_trial(record.config), state, classes, device)


def kept_teachers(
    folders: Mapping[Task, Path], classes: int, device: torch.device
) -> Teachers | None:
    """The single-task networks of the trials in ``folders``; none where no folder is named.

    Raises:
        FileNotFoundError: A checkpoint is missing.
    """
    if not folders:
        return None
    return Teachers(
        {task: kept_network(TrialFolder(path), classes, device) for task, path in folders.items()}
    )
