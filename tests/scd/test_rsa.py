"""Laws of representational similarity. Shapes: N images, P and Q features."""

import math

import pytest
import torch
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from torch import Tensor

from mdml_tune.scd.rsa import rsa_spearman


def related() -> tuple[Tensor, Tensor]:
    x = torch.randn(20, 6, dtype=torch.float64)
    return x, x @ torch.randn(6, 9, dtype=torch.float64)


def test_it_is_spearman_of_pearson_distances() -> None:
    x, y = related()
    expected = spearmanr(pdist(x.numpy(), "correlation"), pdist(y.numpy(), "correlation"))
    assert rsa_spearman(x, y) == pytest.approx(expected.statistic)
    assert 0.1 < rsa_spearman(x, y) < 0.99


def test_ties_share_their_rank() -> None:
    # Distances 0, 1, 1 and 2, 1, 1 in the same order: the odd one is first in one, last in other.
    first = torch.tensor([[1.0, -1, 0, 0], [1, -1, 0, 0], [0, 0, 1, -1]])
    second = torch.tensor([[1.0, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1]])
    assert rsa_spearman(first, second) == pytest.approx(-1)


def test_one_with_itself_and_symmetric() -> None:
    x, y = related()
    assert rsa_spearman(x, x) == pytest.approx(1)
    assert rsa_spearman(x, y) == pytest.approx(rsa_spearman(y, x))


def test_scale_and_shift_of_an_image_do_not_matter() -> None:
    x, y = related()
    scale = torch.rand(20, 1, dtype=torch.float64) + 0.1
    assert rsa_spearman(x * scale + 5 * scale, y) == pytest.approx(rsa_spearman(x, y))


def test_unrelated_representations_are_not_alike() -> None:
    assert abs(rsa_spearman(torch.randn(60, 40), torch.randn(60, 40))) < 0.15


def test_constant_images_and_few_images_are_never_nan() -> None:
    x, y = related()
    x[3] = 0.1
    assert math.isfinite(rsa_spearman(x, y))
    assert rsa_spearman(torch.full((20, 6), 0.1), y) == 0
    rounded = 3 + 1e-7 * x  # the same rounding errors are nothing shared
    assert rsa_spearman(rounded, rounded) == 0
    assert rsa_spearman(*(z[:2] for z in (x, y))) == 0  # one distance: nothing to rank
