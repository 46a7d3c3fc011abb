"""From networks and training images to a matrix of similarities."""

import math
from collections.abc import Callable, Mapping
from statistics import fmean

import pytest
import torch
from torch import Tensor, nn

from mdml_tune.config.load import single_task
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.split import Examples
from mdml_tune.errors import ConfigError
from mdml_tune.models.build import build_network
from mdml_tune.models.heads import Predictions
from mdml_tune.models.network import Features, MultiTaskNetwork
from mdml_tune.scd.cka import linear_cka
from mdml_tune.scd.gradients import gradient_cosine
from mdml_tune.scd.relations import RANGES
from mdml_tune.scd.rsa import rsa_spearman
from mdml_tune.scd.similarity import PROBES, probes, similarity_of
from mdml_tune.tasks import Task

S, D, N = TASKS = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
CLASSES = 4
UNET = {"kind": "unet"}

KINDS = list(RANGES)


class Looks(MultiTaskNetwork):
    """A teacher whose features are given by functions of the image."""

    def __init__(self, *taps: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.taps = taps

    def features(self, images_NCHW: Tensor) -> Features:
        return tuple(tap(images_NCHW) for tap in self.taps)

    def predict(self, features: Features, size: tuple[int, int]) -> Predictions:
        raise NotImplementedError


def red(x: Tensor) -> Tensor:
    return x[:, :1]


def green(x: Tensor) -> Tensor:
    return x[:, 1:2]


def colours(x: Tensor) -> Tensor:
    return x[:, :2]


def still(x: Tensor) -> Tensor:
    return torch.full_like(x, 0.1)


@pytest.fixture
def split(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(20, tasks=TASKS, size=(8, 8))


def similarity(kind: str, teachers: Mapping[Task, nn.Module], split: Examples) -> float:
    first, second = teachers
    return similarity_of(kind, teachers, None, split, (first, second))[0][1]


@pytest.mark.parametrize("kind", KINDS)
def test_real_networks(
    kind: str, tiny: Callable[..., TrialConfig], make_examples: Callable[..., Examples]
) -> None:
    config = tiny(network=UNET)
    split = make_examples(6, tasks=TASKS)
    teachers = {
        task: build_network(single_task(config, task).network, (task,), CLASSES).eval()
        for task in TASKS
    }
    together = build_network(config.network, TASKS, CLASSES).eval()
    matrix = similarity_of(kind, teachers, together, split, TASKS)
    low, high = RANGES[kind]
    assert [matrix[i][i] for i in range(3)] == [1.0] * 3
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert matrix[i][j] == matrix[j][i]
        assert low - 0.1 < matrix[i][j] < high
    assert len({matrix[0][1], matrix[0][2], matrix[1][2]}) == 3
    assert all(type(entry) is float for row in matrix for entry in row)
    # Rows follow the tasks as they are named, and the same is found again.
    turned = similarity_of(kind, teachers, together, split, TASKS[::-1])
    assert turned == tuple(row[::-1] for row in matrix[::-1])


@pytest.mark.parametrize("kind", ["linear_cka", "rsa_spearman"])
def test_teachers_that_see_the_same_are_alike(kind: str, split: Examples) -> None:
    same = similarity(kind, {D: Looks(colours), N: Looks(colours)}, split)
    other = similarity(kind, {D: Looks(red), N: Looks(green)}, split)
    assert same == pytest.approx(1)
    assert abs(other) < 0.2


def test_cka_compares_positions_of_all_images(split: Examples) -> None:
    found = similarity("linear_cka", {D: Looks(red), N: Looks(colours)}, split)
    rows = split.images.permute(0, 2, 3, 1).reshape(-1, 3)
    assert found == pytest.approx(float(linear_cka(rows[:, :1], rows[:, :2])))


def test_rsa_compares_images(split: Examples) -> None:
    found = similarity("rsa_spearman", {D: Looks(red), N: Looks(colours)}, split)
    rows = split.images.flatten(start_dim=2)
    assert found == pytest.approx(
        rsa_spearman(rows[:, 0], rows[:, :2].flatten(start_dim=1)), abs=1e-4
    )


@pytest.mark.parametrize("kind", ["linear_cka", "rsa_spearman"])
def test_taps_are_averaged(kind: str, split: Examples) -> None:
    def of(*pairs: tuple[Callable, Callable]) -> float:
        first, second = zip(*pairs, strict=True)
        return similarity(kind, {D: Looks(*first), N: Looks(*second)}, split)

    apart, near = (red, green), (red, colours)
    assert of(apart, near) == pytest.approx(fmean([of(apart), of(near)]))


@pytest.mark.parametrize("kind", ["linear_cka", "rsa_spearman"])
def test_constant_features_are_like_nothing_and_never_nan(kind: str, split: Examples) -> None:
    assert similarity(kind, {D: Looks(still), N: Looks(colours)}, split) == 0
    assert similarity(kind, {D: Looks(still), N: Looks(still)}, split) == 0
    assert math.isfinite(similarity(kind, {D: Looks(still, red), N: Looks(red, red)}, split))


def test_fine_detail_is_averaged_away(make_examples: Callable[..., Examples]) -> None:
    # Stripes of one pixel that sum to nothing in a cell of two.
    split = make_examples(8, tasks=TASKS, size=(16, 16))
    stripes = torch.tensor([50.0, -50.0]).repeat(8)
    teachers = {
        D: Looks(lambda x: nn.functional.avg_pool2d(x, 2)),
        N: Looks(lambda x: x + stripes * torch.rand(len(x), 1, 1, 1)),
    }
    assert similarity("linear_cka", teachers, split) == pytest.approx(1, abs=1e-4)


def test_gradients_are_those_of_the_network_of_equal_weighting(
    tiny: Callable[..., TrialConfig], make_examples: Callable[..., Examples]
) -> None:
    split = make_examples(6, tasks=TASKS)
    together = build_network(tiny(network=UNET).network, TASKS, CLASSES).eval()
    matrix = similarity_of("gradient_cosine", {}, together, split, TASKS)
    cosines = gradient_cosine(together, [split], TASKS)
    assert matrix[0][2] == pytest.approx(float(cosines[0, 2]))
    with pytest.raises(ValueError, match="equal weighting"):
        similarity_of("gradient_cosine", {}, None, split, TASKS)


def test_a_network_without_features_is_refused(split: Examples) -> None:
    with pytest.raises(ConfigError, match="tells no features"):
        similarity("linear_cka", {D: nn.Identity(), N: nn.Identity()}, split)


@pytest.mark.parametrize("number", [1, PROBES - 1, PROBES, PROBES + 1, 3 * PROBES + 7])
def test_probes_are_spread_over_the_split(number: int) -> None:
    images = torch.arange(number).view(-1, 1, 1, 1).expand(-1, 3, 1, 1)
    split = Examples(images=images, targets={}, valid={}, classes=0)
    seen = torch.cat([batch.images[:, 0, 0, 0] for batch in probes(split)])
    assert len(seen) == min(number, PROBES)
    assert seen[0] == 0
    if number > 1:
        gaps = seen.diff()
        assert gaps.min() >= 1
        assert gaps.max() <= number // PROBES + 1
        assert seen[-1] >= number - number // PROBES - 1
