"""Gradients of toy networks whose cosines are known by hand."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from mdml_tune.data.split import Examples
from mdml_tune.scd.gradients import gradient_cosine
from mdml_tune.tasks import Task

D, A = Task.DEPTH, Task.ALBEDO


class Toy(nn.Module):
    """Each task says the sum of the shared weights, turned by a matrix, times its own weight."""

    def __init__(self, turned: Mapping[Task, list[float]]) -> None:
        super().__init__()
        self.shared = nn.Parameter(torch.ones(2))
        self.own = nn.ParameterDict({task: nn.Parameter(torch.tensor(50.0)) for task in turned})
        self.turned = {task: torch.tensor(row) for task, row in turned.items()}

    def forward(self, images_NCHW: Tensor) -> dict[Task, Tensor]:
        x = torch.ones_like(images_NCHW[:, :1])
        channels = {D: 1, A: 3}
        return {
            task: x.expand(-1, channels[task], -1, -1) * (self.shared @ row) * self.own[task] / 50
            for task, row in self.turned.items()
        }


def batch(*, above: Mapping[Task, bool], valid: bool = True) -> Examples:
    """Every prediction is far below, or far above, its target."""
    height = {True: 1e3, False: -1e3}
    return Examples(
        images=torch.rand(2, 3, 4, 4),
        targets={
            D: torch.full((2, 1, 4, 4), height[above[D]]),
            A: torch.full((2, 3, 4, 4), height[above[A]]),
        },
        valid={D: torch.ones(2, 4, 4, dtype=torch.bool), A: torch.full((2, 4, 4), valid)},
        classes=0,
    )


BOTH_ABOVE = batch(above={D: True, A: True})
APART = batch(above={D: True, A: False})


def cosine(turned: Mapping[Task, list[float]], *batches: Examples) -> float:
    found = gradient_cosine(Toy(turned).eval(), batches, (D, A))
    assert_close(found, found.T)
    return float(found[0, 1])


def test_known_directions() -> None:
    same = {D: [1.0, 0.0], A: [3.0, 0.0]}
    assert cosine(same, BOTH_ABOVE) == pytest.approx(1)
    assert cosine(same, APART) == pytest.approx(-1)
    assert cosine({D: [1.0, 0.0], A: [0.0, 1.0]}, APART) == pytest.approx(0)
    assert cosine({D: [1.0, 0.0], A: [3.0, 4.0]}, BOTH_ABOVE) == pytest.approx(0.6)


def test_cosines_are_averaged_over_batches() -> None:
    same = {D: [1.0, 0.0], A: [3.0, 0.0]}
    assert cosine(same, BOTH_ABOVE, BOTH_ABOVE, APART) == pytest.approx(1 / 3)


def test_a_task_is_like_itself() -> None:
    toy = Toy({D: [1.0, 2.0], A: [3.0, -1.0]}).eval()
    assert_close(gradient_cosine(toy, [APART], (D, A)).diag(), torch.ones(2))


def test_no_label_is_no_gradient() -> None:
    blind = batch(above={D: True, A: True}, valid=False)
    assert cosine({D: [1.0, 0.0], A: [3.0, 0.0]}, blind) == 0


def test_a_frozen_network_will_do_and_is_not_changed() -> None:
    toy = Toy({D: [1.0, 0.0], A: [3.0, 4.0]}).eval().requires_grad_(requires_grad=False)
    before = {name: value.clone() for name, value in toy.state_dict().items()}
    found = gradient_cosine(toy, iter([BOTH_ABOVE]), (D, A))
    assert found[0, 1].item() == pytest.approx(0.6)
    assert_close(toy.state_dict(), before, rtol=0, atol=0)
    assert all(w.grad is None and not w.requires_grad for w in toy.parameters())
