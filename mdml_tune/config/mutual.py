"""How the peers of a trial learn from each other."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, Tag
from pydantic.dataclasses import dataclass

from mdml_tune.config.network import NetworkConfig
from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task

MOST_PEERS = 16


def _number_or_networks(value: object) -> str:
    return "networks" if isinstance(value, list | tuple) else "number"


Peers = Annotated[
    Annotated[int, Field(ge=1, le=MOST_PEERS), Tag("number")]
    | Annotated[
        tuple[NetworkConfig, ...], Field(min_length=1, max_length=MOST_PEERS), Tag("networks")
    ],
    Discriminator(_number_or_networks),
]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class MutualConfig:
    """Deep mutual learning (Zhang et al. 2018, arXiv:1706.00384) between multi-task networks."""

    peers: Peers = 2
    """Networks that learn from each other; they start from different weights. 1: a single one.
    A list of networks instead of a number: peers that differ, the first of them the reported one."""

    update: Literal["simultaneous", "alternating"] = "simultaneous"
    """`simultaneous`: all peers step on the same predictions. `alternating`: each peer steps on
    fresh predictions of the others (Zhang et al. 2018, Algorithm 1)."""

    weight: dict[Task, NonNegativeFloat]
    """Of the mimicry loss, per task or one for all. 0 trains the peers independently."""

    temperature: dict[Task, PositiveFloat]
    """Divides the logits in the mimicry loss of classification-like tasks, which is scaled by T²;
    per task or one for all. 1 is plain mutual learning; more softens the targets."""

    target: Literal["each", "mean"] = "each"
    """`each`: the mean of the losses towards every other peer. `mean`: one loss towards the other
    peers' mean output (DML_e; Zhang et al. 2018, section 3.8). The same for two peers."""

    fusion: Literal["additive", "convex"] = "additive"
    """`additive`: supervised + weight x mimicry. `convex`: (1 - weight) x supervised + weight x
    mimicry (Hinton et al. 2015, arXiv:1503.02531); weights are then at most 1."""

    warmup_epochs: NonNegativeInt = 0
    """Epochs on labels alone, while the peers know too little to teach."""

    ramp: NonNegativeInt = 0
    """Epochs after the warm-up over which the weight rises linearly to its full value; 0: at
    once."""

    @property
    def count(self) -> int:
        return self.peers if isinstance(self.peers, int) else len(self.peers)

    @property
    def teaches(self) -> bool:
        """Whether any peer is imitated in any task."""
        return any(weight > 0 for weight in self.weight.values())
