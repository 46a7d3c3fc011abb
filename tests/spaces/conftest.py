"""A small study in order, for tests to spoil."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

STUDY: dict[str, Any] = {
    "study": "small",
    "trial": {
        "data": {"dataset": "rooms", "tasks": ["segmentation", "depth"], "train_size": 16},
        "training": {"epochs": 12, "batch_size": 4},
        "mutual": {
            "weight": {"segmentation": {"log_uniform": [0.03, 3.0]}, "depth": 0.3},
            "temperature": {"uniform": [1, 6]},
            "warmup_epochs": {"int": [0, 4]},
        },
    },
    "search": {
        "sampler": {"kind": "tpe"},
        "trials": 4,
        "early_stopping": {"kind": "asha", "grace_epochs": 5},
    },
}


@pytest.fixture
def study() -> dict[str, Any]:
    return deepcopy(STUDY)


@pytest.fixture
def spoilt(study: dict[str, Any]) -> Callable[[str, object], dict[str, Any]]:
    """The study with the value at a dotted path replaced, or removed by ``...``."""

    def spoil(path: str, value: object) -> dict[str, Any]:
        *parents, key = path.split(".")
        here = study
        for parent in parents:
            here = here.setdefault(parent, {})
        if value is ...:
            del here[key]
        else:
            here[key] = value
        return study

    return spoil
