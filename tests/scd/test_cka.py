"""Laws of the unbiased linear CKA. Shapes: N samples, P and Q features."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.scd.cka import linear_cka


def normal(samples: int, features: int) -> Tensor:
    return torch.randn(samples, features, dtype=torch.float64)


def related(samples: int = 40, first: int = 6, second: int = 9) -> tuple[Tensor, Tensor]:
    x = normal(samples, first)
    return x, x @ normal(first, second) + normal(samples, second)


def by_kernel_matrices(x: Tensor, y: Tensor) -> Tensor:
    """Song et al. 2012, equation 5, as it is printed."""
    n = len(x)
    k, m = (z @ z.T for z in (x, y))
    k, m = (z - z.diag().diag() for z in (k, m))

    def hsic(a: Tensor, b: Tensor) -> Tensor:
        return (
            (a @ b).trace() + a.sum() * b.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (a @ b).sum()
        ) / (n * (n - 3))

    return hsic(k, m) / (hsic(k, k) * hsic(m, m)).sqrt()


def biased(x: Tensor, y: Tensor) -> Tensor:
    """Kornblith et al. 2019: the plain estimator."""
    x, y = x - x.mean(dim=0), y - y.mean(dim=0)
    return (x.T @ y).square().sum() / ((x.T @ x).norm() * (y.T @ y).norm())


@pytest.mark.parametrize("samples", [4, 5, 40])
def test_it_is_the_printed_formula(samples: int) -> None:
    x, y = related(samples)
    assert_close(linear_cka(x, y), by_kernel_matrices(x, y))
    # The estimator is invariant to shifts, which are taken away beforehand.
    assert_close(linear_cka(x, y), by_kernel_matrices(x + 3, y - 5))


def test_known_limit() -> None:
    # Of (a) and (a, b), independent and of variance 1: 1 / (1 * sqrt 2).
    both = normal(20000, 2)
    assert linear_cka(both[:, :1], both).item() == pytest.approx(0.5**0.5, abs=0.01)


def test_one_with_itself() -> None:
    x, _ = related()
    assert_close(linear_cka(x, x), torch.tensor(1.0, dtype=torch.float64))


def test_symmetric() -> None:
    x, y = related()
    assert_close(linear_cka(x, y), linear_cka(y, x))


def test_rotation_scale_shift_and_order_of_samples_do_not_matter() -> None:
    x, y = related()
    rotation, _ = torch.linalg.qr(normal(6, 6))
    order = torch.randperm(len(x))
    moved = (1e-3 * (x @ rotation) + 7)[order]
    assert_close(linear_cka(moved, y[order]), linear_cka(x, y))


def test_a_linear_map_that_is_no_rotation_does_matter() -> None:
    x, y = related()
    stretched = x * torch.tensor([100.0, 1, 1, 1, 1, 1], dtype=torch.float64)
    assert abs(linear_cka(stretched, y) - linear_cka(x, y)) > 0.05


def test_unrelated_features_are_not_alike_however_many_there_are() -> None:
    # Thirty samples of 300 features: the plain estimator finds them nearly the same.
    pairs = [(normal(30, 300), normal(30, 300)) for _ in range(40)]
    assert min(biased(x, y) for x, y in pairs) > 0.85
    found = torch.stack([linear_cka(x, y) for x, y in pairs])
    assert found.mean().abs() < 0.02
    assert found.abs().max() < 0.2
    assert found.min() < 0  # not clamped: that would bias its mean


def test_tens_of_thousands_of_samples() -> None:
    # Their kernel matrix would take 29 GB. Of x and x + noise: |I|² / (|I| |2 I|).
    x = torch.randn(60_000, 4)
    assert linear_cka(x, x + torch.randn(60_000, 4)).item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6])
def test_constant_features_are_like_nothing(constant: float) -> None:
    x, still = torch.randn(50, 3), torch.full((50, 2), constant)
    for pair in ((x, still), (still, x), (still, still)):
        assert linear_cka(*pair) == 0


def test_rounding_is_no_feature() -> None:
    # Constant but for the last bit of float32: the same rounding errors are nothing shared.
    rounded = 3 + 1e-7 * normal(50, 2)
    assert linear_cka(rounded, rounded) == 0
    assert linear_cka(3 + 1e-3 * normal(50, 2), rounded) == 0


def test_some_constant_features_among_others_do_no_harm() -> None:
    x, y = related()
    assert_close(
        linear_cka(torch.cat([x, torch.full((len(x), 2), 0.1)], dim=1), y), linear_cka(x, y)
    )
