"""Weightings that combine the gradients of the tasks rather than their losses.

Shape suffixes: T tasks, P parameters.
"""

from abc import abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from mdml_tune.losses.weighting.base import Weighting
from mdml_tune.losses.weighting.leaves import shared_and_own

Rows = list[tuple[Tensor, ...]]
"""The gradient of each task with respect to each shared parameter."""


class GradientMethod(Weighting):
    """A rule for the parameters that tasks share; all others follow the sum of the losses.

    Each part of a batch is combined by itself. Costs one backward pass per task.
    """

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    @abstractmethod
    def add_shared(self, losses_T: Tensor, shared: Sequence[Tensor], scale: float) -> Tensor:
        """Add to ``.grad`` of ``shared``, which is not empty; return the weights, (T,).

        Leaves the graph as it is.
        """

    def backward(
        self,
        losses_T: Tensor,
        features: Sequence[Tensor],
        parameters: Sequence[nn.Parameter],  # noqa: ARG002 (the graph tells them)
        scale: float = 1.0,
    ) -> Tensor:
        shared, own = shared_and_own(losses_T, features)
        weight_T = torch.ones_like(losses_T)
        if shared:
            weight_T = self.add_shared(losses_T, shared, scale)
        if own:
            losses_T.backward(torch.full_like(losses_T, scale), inputs=own)
        return weight_T @ losses_T.detach()

    def state_dict(self) -> dict[str, object]:
        return {"generator": self._generator.get_state()}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        self._generator.set_state(cast("Tensor", state["generator"]).cpu())

    @contextmanager
    def drawn(self, device: torch.device) -> Generator[None]:
        """Torch's global generators seeded from our own, and afterwards as they were."""
        seed = int(torch.randint(2**62, (), generator=self._generator))
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield


def gradient_rows(losses_T: Tensor, shared: Sequence[Tensor]) -> Rows:
    """Task by task, so that any network will do; leaves the graph as it is."""
    return [
        torch.autograd.grad(
            losses_T, shared, grad_outputs=one_T, retain_graph=True, materialize_grads=True
        )
        for one_T in torch.eye(len(losses_T), dtype=losses_T.dtype, device=losses_T.device)
    ]


def matrices(rows: Rows) -> Iterator[Tensor]:
    """The Jacobian in pieces, one (T, P) for each shared parameter."""
    for gradients in zip(*rows, strict=True):
        yield torch.stack([gradient.flatten() for gradient in gradients])


def add_gradient(parameter: Tensor, gradient_P: Tensor) -> None:
    """Accumulate, in the parameter's own memory layout: fused optimisers rely on it."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    parameter.grad.add_(gradient_P.view_as(parameter))
