"""Seeds as fidelity: configurations that do well earn more seeds, while the search goes on."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from mdml_tune.records import Status
from mdml_tune.spaces.plan import Stage
from mdml_tune.tuning.tried import Tried


def next_seed(
    tried: Sequence[Tried], stages: Sequence[Stage], metric: str, *, ended: int, total: int
) -> tuple[Tried, int] | None:
    """The configuration that has earned another seed, and which; none where nobody has.

    A stage takes its best ``top`` once the search is over. Until then it takes the same share of
    what has ended, so that the sampler hears of means while it can still learn from them.

    Args:
        tried: Every searched configuration.
        stages: Of the study.
        metric: Maximised; its last value, averaged over the seeds of the stage before, decides.
        ended: Configurations whose first trial has ended.
        total: Configurations that there will be.
    """
    for before, stage in pairwise(stages):
        ready = [
            (value, one)
            for one in tried
            if (value := mean_over(one, before.seeds, metric)) is not None
        ]
        ready.sort(key=lambda entry: (-entry[0], entry[1].first.config_id))
        allowed = (stage.top or len(tried)) * ended // max(1, total)
        for _, one in ready[:allowed]:
            there = {record.seed for record in one.records}
            missing = [seed for seed in range(before.seeds, stage.seeds) if seed not in there]
            if missing:
                return one, missing[0]
    return None


def mean_over(one: Tried, seeds: int, metric: str) -> float | None:
    """Mean last value over the first ``seeds`` seeds; none where not all of them have completed."""
    values = [
        record.last.metrics[metric]
        for record in one.records
        if record.seed < seeds and record.status is Status.COMPLETED and record.last is not None
    ]
    return fmean(values) if len(values) == seeds else None


def best(tried: Sequence[Tried], stages: Sequence[Stage], metric: str) -> list[Tried]:
    """Configurations that completed, best first: those of later stages ahead of the others."""
    found: list[tuple[int, float, Tried]] = []
    for one in tried:
        means = [(i, mean_over(one, stage.seeds, metric)) for i, stage in enumerate(stages)]
        reached = [(i, mean) for i, mean in means if mean is not None]
        if reached:
            found.append((*reached[-1], one))
    found.sort(key=lambda entry: (-entry[0], -entry[1], entry[2].first.config_id))
    return [one for _, _, one in found]


def most_trials(trials: int, stages: Sequence[Stage]) -> int:
    """Trainings of a search in all, seeds that are earned included."""
    return trials + sum(
        min(stage.top or trials, trials) * (stage.seeds - before.seeds)
        for before, stage in pairwise(stages)
    )
