"""Sequential cooperative distillation: which similar tasks are distilled together, and when."""

from dataclasses import field
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task

Block = Annotated[tuple[Task, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class AdaptorConfig:
    """1x1 convolutions from the network's features to a teacher's, with an Adam of their own."""

    learning_rate: PositiveFloat = 1e-2

    weight_decay: NonNegativeFloat = 5e-4


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class ScdConfig:
    """Feng et al. 2024 (J. Comput. Sci. Technol. 39(5):1094-1106).

    Each task is distilled from its single-task network; similar tasks form a block; blocks join one
    after the other.
    """

    queue: tuple[Block, ...] | None = None
    """The blocks in the order in which they join. Null: found from `similarity`,
    `grouping_threshold` and `order`; a trial's record then says what was found."""

    blocks: Literal["grouped", "one", "each"] = "grouped"
    """`grouped`: similar tasks share a block. `one`: all tasks do. `each`: every task is a block."""

    similarity: Literal["linear_cka", "rsa_spearman", "gradient_cosine"] = "linear_cka"
    """How alike two tasks are: by the features of their single-task networks (the first two), or by
    their gradients in a network of equal weighting."""

    linkage: Literal["average", "single"] = "average"
    """Similarity of two blocks: of their tasks on average, or of the two nearest."""

    grouping_threshold: Annotated[float, Field(ge=-1, le=1)] = 0.5
    """Blocks at least this similar are merged. In [0, 1] for linear_cka, else in [-1, 1]."""

    order: Literal["complex_first", "simple_first", "random"] = "complex_first"
    """A block is complex where equal weighting falls far behind the single-task networks. `random`
    is drawn anew from each trial's seed."""

    distil: Literal["outputs", "features"] = "outputs"
    """`outputs`: each task's mimicry loss, with the single-task network's output as the target.
    `features`: normalised features through adaptors (Li and Bilen 2020, arXiv:2007.06889)."""

    weight: dict[Task, NonNegativeFloat]
    """Of the distillation loss, per task or one for all."""

    temperature: dict[Task, PositiveFloat]
    """As in `mutual`, for `distil: outputs`."""

    target: Literal["own", "block_mean"] = "own"
    """Of `distil: features`: the task's own teacher, or the mean of the block's teachers."""

    activation: Literal["cumulative", "exclusive"] = "cumulative"
    """`cumulative`: a block that has joined stays. `exclusive`: one block at a time."""

    stage_epochs: PositiveInt = 5
    """Epochs before the next block joins; the last stage lasts to the end."""

    adaptor: AdaptorConfig = field(default_factory=AdaptorConfig)
    """Of `distil: features`."""
