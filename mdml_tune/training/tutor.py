"""What a network may learn from besides labels and peers: a tutor, of which there are several kinds.

Shape suffixes: T tasks.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

from torch import Tensor

from mdml_tune.data.split import Examples
from mdml_tune.training.checkpoint import State
from mdml_tune.training.peers import Peer, Seen


class Advice(NamedTuple):
    """How a tutor changes what a peer pays in one step."""

    supervised_T: Tensor
    """Takes the place of the loss on the labels."""
    further_T: Tensor
    """Comes on top, before its weight."""
    weight_T: Tensor


class Tutor(Protocol):
    """Somebody to learn from, who may learn too.

    Called in this order: ``begin_epoch``; for each batch ``prepare``, and ``advise`` per peer;
    ``update`` when a peer has stepped; ``end_epoch``.
    """

    @property
    def learners(self) -> Sequence[Peer]:
        """Networks of its own that learn with the same recipe."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """``epoch`` counts from 0."""
        ...

    def prepare(self, batch: Examples, step: int, scale: float) -> None:
        """Look at the batch before the peers do; what it learns itself counts ``scale`` times."""
        ...

    def advise(
        self, number: int, peer: Peer, seen: Seen, batch: Examples, supervised_T: Tensor, step: int
    ) -> Advice:
        """What peer ``number`` pays for what it has ``seen``, instead of ``supervised_T`` alone."""
        ...

    def update(self, number: int) -> None:
        """Peer ``number`` has stepped: what belongs to it may step too."""
        ...

    def end_epoch(self, mean_supervised_T: Tensor) -> None:
        """The epoch is over; its mean losses on the labels, of peer 0."""
        ...

    def state(self) -> State: ...

    def restore(self, state: State) -> None: ...


class _Kept(Protocol):
    def restore(self, state: State) -> None: ...


def restore_all(kept: Sequence[_Kept], states: object) -> None:
    """Each from its own state, in their order."""
    for one, state in zip(kept, cast("list[State]", states), strict=True):
        one.restore(state)
