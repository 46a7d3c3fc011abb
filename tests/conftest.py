"""Shared by every test: fixed seeds, one thread, and trials that take less than a second."""

from collections.abc import Callable, Mapping, Sequence

import pytest
import torch

from mdml_tune.config.load import load_trial
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task

CLASSES = 4


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes: at the end one process would wait for the other."""
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


@pytest.fixture(autouse=True)
def fixed_seed() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny() -> Callable[..., TrialConfig]:
    """Builds the smallest trial worth running, with the given sections changed.

    A section of another kind replaces the one there is, as does a list of peers the network.
    """

    def build(
        tasks: Sequence[str] = ("segmentation", "depth", "normals"),
        **sections: Mapping[str, object] | None,
    ) -> TrialConfig:
        values: dict[str, object] = {
            "data": {
                "dataset": "rooms",
                "tasks": list(tasks),
                "train_size": 4,
                "val_size": 2,
                "test_size": 2,
                "image_size": [16, 24],
            },
            "network": {"kind": "unet", "width": 4},
            "training": {"epochs": 3, "batch_size": 2},
            "mutual": {"peers": 2},
        }
        for name, section in sections.items():
            before = values.get(name)
            merge = isinstance(before, dict) and isinstance(section, Mapping)
            merge = merge and section.get("kind", before.get("kind")) == before.get("kind")
            values[name] = {**before, **section} if merge else section
        mutual = values["mutual"]
        if isinstance(mutual, Mapping) and isinstance(mutual["peers"], list):
            del values["network"]
        return load_trial(values)

    return build


@pytest.fixture(scope="session")
def make_examples() -> Callable[..., Examples]:
    """Draws images with labels of chance; a fifth of the pixels has none."""

    def make(
        number: int = 4,
        *,
        tasks: Sequence[Task] = tuple(Task),
        size: tuple[int, int] = (16, 24),
        seed: int = 0,
    ) -> Examples:
        chance = torch.Generator().manual_seed(seed)

        def uniform(channels: int) -> torch.Tensor:
            return torch.rand(number, channels, *size, generator=chance)

        targets = {
            Task.SEGMENTATION: (uniform(1)[:, 0] * CLASSES).long(),
            Task.DEPTH: 1 + 4 * uniform(1),
            Task.NORMALS: torch.nn.functional.normalize(uniform(3) - 0.5, dim=1),
            Task.EDGES: (uniform(1) < 0.3).float(),
            Task.ALBEDO: uniform(3),
        }
        return Examples(
            images=uniform(3),
            targets={task: targets[task] for task in tasks},
            valid={task: uniform(1)[:, 0] < 0.8 for task in tasks},
            classes=CLASSES if Task.SEGMENTATION in tasks else 0,
        )

    return make
