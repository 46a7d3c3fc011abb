"""The weights of gradient methods, from their Gramian. Suffixes: T tasks, P parameters."""

import sys

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.weighting import EqualWeighting, GradNormWeighting, MgdaWeighting
from mdml_tune.errors import UnavailableError
from mdml_tune.losses.weighting.build import uses_gradients
from mdml_tune.losses.weighting.gramian import weights_of
from mdml_tune.losses.weighting.rules import build_rule, published_rule

JACOBIAN_TP = torch.tensor([[-4.0, 1.0, 1.0], [6.0, 1.0, 1.0]])

# From the tests of TorchJD 0.18 (test_values.py), where LibMTL's head agrees on all but
# aligned_mtl, which it has twice as long.
PUBLISHED = [
    ("pcgrad", {}, (0.5848, 3.8012, 3.8012)),
    ("cagrad", {"c": 0.5}, (0.1835, 1.2041, 1.2041)),
    ("mgda", {}, (0.0, 1.0, 1.0)),
    ("imtl_g", {}, (0.0767, 1.0, 1.0)),
    ("aligned_mtl", {}, (0.2133, 0.9673, 0.9673)),
    ("fairgrad", {"alpha": 1.0}, (0.0766, 0.9985, 0.9985)),
]
KINDS = [*(kind for kind, _, _ in PUBLISHED), "nash_mtl"]


@pytest.mark.parametrize(("kind", "settings", "expected"), PUBLISHED)
def test_published_values(kind, settings, expected, configured):
    weight_T = published_rule(configured(kind, **settings))(JACOBIAN_TP @ JACOBIAN_TP.T)
    assert_close(weight_T @ JACOBIAN_TP, torch.tensor(expected), rtol=0, atol=1e-4)


def test_published_value_of_nash_mtl_which_is_clipped_to_the_norm_1(configured):
    weight_T = published_rule(configured("nash_mtl"))(JACOBIAN_TP @ JACOBIAN_TP.T)
    vector = weight_T @ JACOBIAN_TP
    expected = torch.tensor([0.0542, 0.7061, 0.7061])
    assert_close(vector / vector.norm(), expected, rtol=0, atol=1e-4)


# Lengths: times 2 where the weights are published with a sum of 1, 2 / 1.5 for c = 0.5.
OURS = [
    ("pcgrad", {}, (0.5848, 3.8012, 3.8012)),
    ("cagrad", {"c": 0.5}, (0.2447, 1.6055, 1.6055)),
    ("mgda", {}, (0.0, 2.0, 2.0)),
    ("imtl_g", {}, (0.1534, 2.0, 2.0)),
    ("aligned_mtl", {}, (0.4266, 1.9346, 1.9346)),
    ("nash_mtl", {}, (0.1534, 2.0, 2.0)),
]


@pytest.mark.parametrize(("kind", "settings", "expected"), OURS)
def test_our_values(kind, settings, expected, configured):
    weight_T = weights_of(gramian(JACOBIAN_TP), build_rule(configured(kind, **settings)))
    assert_close(weight_T @ JACOBIAN_TP, torch.tensor(expected), rtol=0, atol=2e-4)


def gramian(jacobian_TP: Tensor) -> Tensor:
    return jacobian_TP.double() @ jacobian_TP.double().T


@pytest.fixture(params=range(4), name="jacobian_TP")
def random_jacobian(request) -> Tensor:
    """Gradients that differ in length a hundredfold and conflict."""
    torch.manual_seed(request.param)
    return torch.randn(4, 6) * torch.tensor([0.1, 1.0, 1.0, 10.0])[:, None]


def test_mgda_is_optimal(jacobian_TP, configured):
    gramian_TT = gramian(jacobian_TP)
    weight_T = weights_of(gramian_TT, published_rule(configured("mgda"))).double()
    assert weight_T.min() >= 0
    assert_close(weight_T.sum(), torch.tensor(1.0, dtype=torch.float64))
    # The vector is no longer than its projection on any gradient, but for what Frank and Wolfe's
    # iterations leave.
    square = weight_T @ gramian_TT @ weight_T
    assert ((gramian_TT @ weight_T) >= square - 1e-3 * gramian_TT.diagonal().mean()).all()


@pytest.mark.parametrize("c", [0.4, 1.0])
def test_cagrad_helps_the_worst_task_most(c, jacobian_TP, configured):
    jacobian_TP = jacobian_TP / jacobian_TP.norm(dim=1, keepdim=True)
    vector = (
        weights_of(gramian(jacobian_TP), published_rule(configured("cagrad", c=c))) @ jacobian_TP
    )
    mean = jacobian_TP.mean(dim=0)
    radius = c * mean.norm()
    assert_close((vector - mean).norm(), radius, rtol=1e-3, atol=0)
    others = torch.nn.functional.normalize(torch.randn(2000, 6), dim=1) * radius + mean
    assert (jacobian_TP @ vector).min() >= (others @ jacobian_TP.T).min(dim=1).values.max() - 1e-3


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0, 5.0])
def test_fairgrad_is_fair(alpha, jacobian_TP, configured):
    gramian_TT = gramian(jacobian_TP / jacobian_TP.norm(dim=1, keepdim=True))
    weight_T = published_rule(configured("fairgrad", alpha=alpha))(gramian_TT.float()).double()
    assert_close(gramian_TT @ weight_T, weight_T ** (-1 / alpha), rtol=1e-3, atol=1e-3)


def test_nash_mtl_is_fairgrad_of_alpha_1(jacobian_TP, configured):
    nash, fair = (
        weights_of(gramian(jacobian_TP), build_rule(configured(kind, **settings)))
        for kind, settings in (("nash_mtl", {}), ("fairgrad", {"alpha": 1.0}))
    )
    assert_close(nash, fair)


def test_imtl_g_has_equal_projections(jacobian_TP, configured):
    vector = weights_of(gramian(jacobian_TP), build_rule(configured("imtl_g"))) @ jacobian_TP
    projections = jacobian_TP @ vector / jacobian_TP.norm(dim=1)
    assert_close(projections, projections[0].expand(4), rtol=1e-2, atol=1e-3)


def test_pcgrad_and_cagrad_leave_gradients_without_conflict(configured):
    jacobian_TP = torch.eye(3) + 0.5
    for kind, settings in (("pcgrad", {}), ("cagrad", {"c": 0.0})):
        rule = build_rule(configured(kind, **settings))
        assert_close(weights_of(gramian(jacobian_TP), rule), torch.ones(3))


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_of_the_gradients_does_not_matter(kind, configured):
    rule = build_rule(configured(kind))
    weight_T = weights_of(gramian(JACOBIAN_TP), rule)
    for unit in (1e-9, 1e9):
        assert_close(weights_of(gramian(unit * JACOBIAN_TP), rule), weight_T, rtol=1e-4, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_weigh(kind, configured):
    rule = build_rule(configured(kind))
    assert_close(weights_of(torch.zeros(3, 3).double(), rule), torch.ones(3))
    assert_close(weights_of(torch.full((3, 3), torch.nan).double(), rule), torch.ones(3))
    assert_close(weights_of(torch.full((3, 3), torch.inf).double(), rule), torch.ones(3))
    # One task alone has a gradient.
    assert_close(
        weights_of(torch.diag(torch.tensor([0.0, 4.0, 0.0])).double(), rule), torch.ones(3)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_opposite_gradients_do_no_harm(kind, configured):
    jacobian_TP = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    weight_T = weights_of(gramian(jacobian_TP), build_rule(configured(kind)))
    assert weight_T.isfinite().all()
    assert (weight_T @ jacobian_TP).norm() < 10


@pytest.mark.parametrize(
    "kind", ["pcgrad", "graddrop", "cagrad", "mgda", "imtl_g", "aligned_mtl", "fairgrad"]
)
def test_without_torchjd(kind, built, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchjd.aggregation", None)
    with pytest.raises(UnavailableError, match=r"pip install 'torchjd\[cagrad"):
        built(kind)
    built("dwa")


def test_which_weightings_use_gradients():
    assert not uses_gradients(EqualWeighting())
    assert uses_gradients(GradNormWeighting(kind="gradnorm"))
    assert uses_gradients(MgdaWeighting(kind="mgda"))
