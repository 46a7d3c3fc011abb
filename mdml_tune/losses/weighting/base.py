"""What every weighting can do: turn the losses of the tasks into one gradient.

Shape suffix: T tasks.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from torch import Tensor, nn


class Weighting(ABC):
    """The weighting of one peer; holds what it learns or remembers.

    A weighting says what counts, not how far a step goes: its weights sum to the number of tasks
    as those of equal weighting do, and where all tasks pull alike, so does their combination.
    A single task is always weighted by 1. Exceptions say so.
    """

    needs_second_look: ClassVar[bool] = False
    """Whether to call ``after_step``."""

    @abstractmethod
    def backward(
        self,
        losses_T: Tensor,
        features: Sequence[Tensor],
        parameters: Sequence[nn.Parameter],
        scale: float = 1.0,
    ) -> Tensor:
        """Add the gradient of the combined loss to ``.grad`` of every leaf behind the losses.

        May be called several times before a step, once for each part of its batch.

        Args:
            losses_T: With their graph, which is used up.
            features: What the heads read, for weightings that look at gradients: whatever lies
                before them is shared. None: nothing is.
            parameters: Those of the network.
            scale: Multiplies the gradient: the share of this part in the batch.

        Returns:
            The sum of the losses times the weights of this step, a detached scalar that does not
            depend on ``scale``.
        """

    def step(self) -> None:  # noqa: B027 (most weightings learn nothing)
        """Learn from the batch; right after the network's optimiser has stepped."""

    def after_step(self, losses_T: Callable[[], Tensor]) -> None:  # noqa: B027 (see needs_second_look)
        """Learn from what a step has changed; after ``step``.

        Args:
            losses_T: The losses of the latest ``backward`` anew, detached.
        """

    def end_epoch(self, mean_losses_T: Tensor) -> None:  # noqa: B027 (most weightings are of steps)
        """Learn from the losses averaged over the steps of an epoch; after each epoch."""

    def parameters(self) -> list[nn.Parameter]:
        """What the network's optimiser has to learn too: nothing, for no weighting needs it."""
        return []

    def state_dict(self) -> dict[str, object]:
        """Everything that the next step depends on, in tensors and plain values."""
        return {}

    def load_state_dict(self, state: Mapping[str, object]) -> None:  # noqa: B027 (may be empty)
        """Go on from ``state`` as if never interrupted."""


class LossWeighting(Weighting):
    """Weights times losses; for the gradient the weights are constants."""

    @abstractmethod
    def weights(self, losses_T: Tensor) -> Tensor:
        """The weights of this step, (T,), for detached losses."""

    def observe(self, losses_T: Tensor, features: Sequence[Tensor], scale: float) -> None:
        """Gather what ``step`` will learn from; before the weights are asked for."""

    def backward(
        self,
        losses_T: Tensor,
        features: Sequence[Tensor],
        parameters: Sequence[nn.Parameter],  # noqa: ARG002 (autograd finds them)
        scale: float = 1.0,
    ) -> Tensor:
        self.observe(losses_T, features, scale)
        total = self.weights(losses_T.detach()) @ losses_T
        (scale * total).backward()
        return total.detach()
