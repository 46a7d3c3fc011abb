"""Everything one trial needs to know, and nothing about the cluster it runs on."""

from dataclasses import field

from pydantic.dataclasses import dataclass

from mdml_tune.config.data import DataConfig
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.network import NetworkConfig
from mdml_tune.config.scd import ScdConfig
from mdml_tune.config.strict import STRICT
from mdml_tune.config.training import TrainingConfig
from mdml_tune.config.weighting import WeightingConfig


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TrialConfig:
    data: DataConfig
    """What is learnt from, and which tasks."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network that every peer is a copy of."""

    training: TrainingConfig = field(default_factory=TrainingConfig)
    """The recipe, the same for the single-task baselines."""

    weighting: WeightingConfig = field(default_factory=WeightingConfig)
    """How the losses of the tasks become one."""

    mutual: MutualConfig | None = None
    """How peers learn from each other. Null: a single network."""

    scd: ScdConfig | None = None
    """Distillation from single-task networks. Null: none."""

    @property
    def peers(self) -> int:
        return 1 if self.mutual is None else self.mutual.peers
