import torch
from torch.testing import assert_close

from mdml_tune.config.weighting import EqualWeighting
from mdml_tune.losses.weighting import build_weighting


def test_equal_weighting_is_the_sum() -> None:
    losses = torch.tensor([1.0, 2.0, 4.5], requires_grad=True)
    total = build_weighting(EqualWeighting())(losses)
    total.backward()
    assert_close(total, torch.tensor(7.5))
    assert_close(losses.grad, torch.ones(3))
