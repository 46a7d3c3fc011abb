"""A network of the user's own: what it may be, and how its mistakes are told."""

from pathlib import Path
from uuid import uuid4

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.network import CustomConfig
from mdml_tune.errors import ConfigError
from mdml_tune.models.build import build_network, check_network
from mdml_tune.models.network import has_features, of_task
from mdml_tune.tasks import Task

SOURCE = """
import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self, channels, width, stride=2):
        super().__init__()
        self.features = nn.Conv2d(3, width, 3, stride=stride, padding=1)
        self.heads = nn.ModuleDict({name: nn.Conv2d(width, n, 1) for name, n in channels.items()})

    def forward(self, images):
        x = self.features(images)
        return {name: head(x) for name, head in self.heads.items()}


class Giving(nn.Module):
    def __init__(self, channels, width=4, per_task=False):
        super().__init__()
        self.per_task = per_task
        self.trunk = nn.Conv2d(3, width, 3, stride=2, padding=1)
        self.outputs = nn.ModuleDict({name: nn.Conv2d(width, n, 1) for name, n in channels.items()})

    def features(self, images):
        x = self.trunk(images)
        last = {name: x + 1 for name in self.outputs} if self.per_task else x
        return x, last

    def heads(self, tap):
        if self.per_task:
            return {name: head(tap[name]) for name, head in self.outputs.items()}
        return {name: head(tap) for name, head in self.outputs.items()}


def only_depth(channels):
    return Plain({"depth": 1}, 4)


def too_wide(channels):
    return Plain({name: n + 1 for name, n in channels.items()}, 4)


def no_network(channels):
    return [1, 2]


number = 3
"""

TASKS = (Task.SEGMENTATION, Task.NORMALS)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module with a few networks in it."""
    name = f"networks_{uuid4().hex}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def config(module: str, function: str, **options: float) -> CustomConfig:
    return CustomConfig(kind="custom", function=f"{module}:{function}", options={**options})


def images() -> Tensor:
    return torch.rand(2, 3, 8, 12)


def test_raw_channels_are_enlarged_and_then_activated(module: str) -> None:
    network = build_network(config(module, "Plain", width=4), TASKS, 5)
    predictions = network(images())
    assert {task: tuple(p.shape) for task, p in predictions.items()} == {
        Task.SEGMENTATION: (2, 5, 8, 12),
        Task.NORMALS: (2, 3, 8, 12),
    }
    length = predictions[Task.NORMALS].norm(dim=1)
    assert_close(length, torch.ones_like(length))


def test_raw_channels_of_the_right_size_are_left_alone(module: str) -> None:
    network = build_network(config(module, "Plain", width=4, stride=1), TASKS, 5)
    seen = images()
    raw = network.get_submodule("inner")(seen)
    assert torch.equal(network(seen)[Task.SEGMENTATION], raw["segmentation"])


def test_layers_called_features_and_heads_are_not_methods(module: str) -> None:
    assert not has_features(build_network(config(module, "Plain", width=4), TASKS, 5))


@pytest.mark.parametrize("per_task", [False, True])
def test_a_network_may_give_its_features(module: str, *, per_task: bool) -> None:
    network = build_network(config(module, "Giving", per_task=per_task), TASKS, 5)
    assert has_features(network)
    seen = images()
    features = network.features(seen)
    assert len(features) == 2
    assert isinstance(features[-1], Tensor) is not per_task
    assert all(tuple(of_task(features[-1], task).shape) == (2, 4, 4, 6) for task in TASKS)
    whole, parts = network(seen), network.predict(features, (8, 12))
    assert list(whole) == list(TASKS)
    assert all(torch.equal(whole[task], parts[task]) for task in TASKS)
    assert tuple(whole[Task.SEGMENTATION].shape) == (2, 5, 8, 12)


def test_a_good_function_passes_the_check(module: str) -> None:
    check_network(config(module, "Plain", width=4))


@pytest.mark.parametrize(
    ("function", "options", "told"),
    [
        ("Absent", {}, "has no function Absent"),
        ("number", {}, "has no function number"),
        ("Plain", {}, "missing a required argument: 'width'"),
        ("Plain", {"width": 4, "depth": 3}, "unexpected keyword argument 'depth'"),
    ],
)
def test_a_function_that_cannot_be_called(
    module: str, function: str, options: dict[str, float], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        check_network(config(module, function, **options))


def test_a_module_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="nowhere_to_be_found cannot be imported"):
        check_network(config("nowhere_to_be_found", "make"))


@pytest.mark.parametrize(
    ("source", "told"), [("def broken(:", "invalid syntax"), ("import absent_too", "absent_too")]
)
def test_a_module_that_cannot_be_imported(
    source: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{uuid4().hex}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=told):
        check_network(config(name, "make"))


def test_a_function_that_returns_no_network(module: str) -> None:
    with pytest.raises(ConfigError, match=r"returned a list; it must return a torch\.nn\.Module"):
        build_network(config(module, "no_network"), TASKS, 5)


@pytest.mark.parametrize(
    ("function", "found"),
    [("only_depth", "depth: 1"), ("too_wide", "segmentation: 6, normals: 4")],
)
def test_answers_that_do_not_fit_the_tasks(module: str, function: str, found: str) -> None:
    network = build_network(config(module, function), TASKS, 5)
    with pytest.raises(ConfigError) as refusal:
        network(images())
    assert "segmentation: 5, normals: 3" in str(refusal.value)
    assert str(refusal.value).endswith(f"found {found}")
