"""What the baselines of a study have shown about its tasks, and the queues that follow from it.

Found once per study and stored with it. A threshold counts as the partition it induces: trials are
resolved to their queues before they are named, so that two thresholds with one partition are one
configuration.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal, NamedTuple, cast

from mdml_tune.config.load import with_queue
from mdml_tune.config.scd import ScdConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ReportError
from mdml_tune.scd.partition import Matrix, Partition, partition_at, singles
from mdml_tune.scd.queue import queue_of
from mdml_tune.tasks import Task

Kind = Literal["linear_cka", "rsa_spearman", "gradient_cosine"]

VERSION = 1
"""Of the stored form."""

RANGES: Mapping[Kind, tuple[float, float]] = {
    "linear_cka": (0.0, 1.0),
    "rsa_spearman": (-1.0, 1.0),
    "gradient_cosine": (-1.0, 1.0),
}
"""Where each similarity, and so its threshold, lies."""


class Needs(NamedTuple):
    """What must be found out before configurations can be resolved."""

    similarities: frozenset[Kind]
    complexity: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """How similar the tasks of a study are, and how hard each is beside the others."""

    tasks: tuple[Task, ...]
    similarity: Mapping[Kind, Matrix]
    """Mean over the baselines' seeds, of the kinds that were asked for."""
    complexity: Mapping[Task, float] | None = None
    """Mean over seeds, in percent, higher is harder; none where nothing asks for it."""
    complexity_per_seed: tuple[Mapping[Task, float], ...] = ()
    seeds: int
    """Seeds of the baselines."""

    @classmethod
    def of_seeds(
        cls,
        tasks: tuple[Task, ...],
        similarity: Mapping[Kind, Sequence[Matrix]],
        complexity: Sequence[Mapping[Task, float]],
        *,
        seeds: int,
    ) -> "Relations":
        """The mean of what each seed has shown.

        Args:
            tasks: Of the rows and columns of each matrix.
            similarity: Of each kind, one matrix per seed.
            complexity: Of each seed; empty where it was not found out.
            seeds: How many.
        """
        return cls(
            tasks=tasks,
            similarity={kind: _mean(of_seeds, kind) for kind, of_seeds in similarity.items()},
            complexity={task: fmean(of_seed[task] for of_seed in complexity) for task in tasks}
            if complexity
            else None,
            complexity_per_seed=tuple(complexity),
            seeds=seeds,
        )

    def as_values(self) -> dict[str, object]:
        """Plain values for a JSON file."""
        return {
            "version": VERSION,
            "tasks": [str(task) for task in self.tasks],
            "similarity": {
                kind: [list(row) for row in matrix] for kind, matrix in self.similarity.items()
            },
            "complexity": None if self.complexity is None else _by_name(self.complexity),
            "complexity_per_seed": [_by_name(of_seed) for of_seed in self.complexity_per_seed],
            "seeds": self.seeds,
        }

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> "Relations":
        """What ``as_values`` gave.

        Raises:
            ReportError: Another version of this program wrote them.
        """
        if values.get("version") != VERSION:
            raise ReportError(
                f"The stored task relations have version {values.get('version')}; this program "
                f"reads {VERSION}. Use the version that wrote them, or start the study afresh."
            )
        similarity = cast("Mapping[Kind, list[list[float]]]", values["similarity"])
        complexity = cast("Mapping[str, float] | None", values["complexity"])
        per_seed = cast("list[Mapping[str, float]]", values["complexity_per_seed"])
        return cls(
            tasks=tuple(Task(name) for name in cast("list[str]", values["tasks"])),
            similarity={kind: tuple(map(tuple, rows)) for kind, rows in similarity.items()},
            complexity=None if complexity is None else _by_task(complexity),
            complexity_per_seed=tuple(_by_task(of_seed) for of_seed in per_seed),
            seeds=cast("int", values["seeds"]),
        )


def needs(configs: Iterable[TrialConfig]) -> Needs:
    """What the relations of a study must hold, so that each of ``configs`` can be resolved."""
    sections = [config.scd for config in configs]
    open_ones = [scd for scd in sections if scd is not None and scd.queue is None]
    return Needs(
        similarities=frozenset(scd.similarity for scd in open_ones if scd.blocks == "grouped"),
        complexity=any(scd.order != "random" for scd in open_ones),
    )


def resolved(config: TrialConfig, relations: Relations) -> TrialConfig:
    """The trial with its queue of blocks; unchanged where it has no SCD, or a queue already.

    An order of chance is not drawn here: it belongs to each trial's seed (``queue.shuffled``).

    Args:
        config: In its canonical form, in which one block, or one task, is a queue already.
        relations: Of the study's tasks.

    Raises:
        ReportError: ``relations`` lack what the trial needs.
    """
    scd = config.scd
    if scd is None or scd.queue is not None:
        return config
    partition = _partition(scd, config.data.tasks, relations)
    if len(partition) == 1 or scd.order == "random":
        return with_queue(config, partition)
    if relations.complexity is None:
        raise _lacking("the complexity of the tasks")
    return with_queue(config, queue_of(partition, relations.complexity, scd.order))


def _partition(scd: ScdConfig, tasks: tuple[Task, ...], relations: Relations) -> Partition:
    if scd.blocks == "each":
        return singles(tasks)
    if scd.similarity not in relations.similarity:
        raise _lacking(f"the similarity {scd.similarity}")
    matrix = relations.similarity[scd.similarity]
    return partition_at(matrix, relations.tasks, scd.grouping_threshold, scd.linkage)


def _mean(matrices: Sequence[Matrix], kind: Kind) -> Matrix:
    """Mean over seeds, within the kind's range: an unbiased estimate may fall a little outside."""
    low, high = RANGES[kind]
    return tuple(
        tuple(min(max(fmean(entries), low), high) for entries in zip(*rows, strict=True))
        for rows in zip(*matrices, strict=True)
    )


def _by_task(values: Mapping[str, float]) -> dict[Task, float]:
    return {Task(name): value for name, value in values.items()}


def _by_name(values: Mapping[Task, float]) -> dict[str, float]:
    return {str(task): value for task, value in values.items()}


def _lacking(what: str) -> ReportError:
    return ReportError(
        f"The task relations of this study lack {what}, which a trial's scd section needs. "
        f"Start the study again with all its methods: its baselines phase finds it out."
    )
