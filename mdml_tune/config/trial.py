"""Everything one trial needs to know, and nothing about the cluster it runs on."""

from dataclasses import field
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from mdml_tune.config.changes import Change
from mdml_tune.config.comparisons import OkdMtlConfig, RDropConfig
from mdml_tune.config.data import DataConfig
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.network import NetworkConfig, UNetConfig
from mdml_tune.config.scd import ScdConfig
from mdml_tune.config.strict import STRICT
from mdml_tune.config.training import TrainingConfig
from mdml_tune.config.weighting import EqualWeighting, WeightingConfig


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TrialConfig:
    data: DataConfig
    """What is learnt from, and which tasks."""

    network: NetworkConfig = field(default_factory=UNetConfig)
    """The network that every peer is a copy of."""

    training: TrainingConfig = field(default_factory=TrainingConfig)
    """The recipe, the same for the single-task baselines."""

    weighting: WeightingConfig = field(default_factory=EqualWeighting)
    """How the losses of the tasks become one."""

    mutual: MutualConfig | None = None
    """How peers learn from each other. Null: a single network."""

    scd: ScdConfig | None = None
    """Distillation from single-task networks. Null: none."""

    okd_mtl: OkdMtlConfig | None = None
    """Online distillation, to compare with. Null: none."""

    r_drop: RDropConfig | None = None
    """Agreement under dropout, to compare with. Null: none."""

    changes: Annotated[tuple[Change, ...], Field(exclude_if=lambda changes: not changes)] = ()
    """What holds from later epochs on; the first change is that of the earliest epoch."""
    # Left out of the plain values where there are none: a trial without them keeps its name.

    @property
    def networks(self) -> tuple[NetworkConfig, ...]:
        """Of each peer; the first is the reported one."""
        if self.mutual is None:
            return (self.network,)
        peers = self.mutual.peers
        return (self.network,) * peers if isinstance(peers, int) else peers

    @property
    def peers(self) -> int:
        return len(self.networks)
