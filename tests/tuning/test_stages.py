"""Seeds as fidelity: survivors earn more, and by the end exactly the best have them."""

import random
from collections.abc import Mapping

import pytest

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.plan import Stage
from mdml_tune.tuning.stages import best, mean_over, most_trials, next_seed
from mdml_tune.tuning.tried import Tried

STAGES = (Stage(seeds=1), Stage(seeds=3, top=4), Stage(seeds=5, top=2))
METRIC = "val/delta_m"


def trial(name: str, seed: int, value: float | None, status: Status) -> TrialRecord:
    history = () if value is None else (EpochReport(1, 1, {METRIC: value}),)
    return TrialRecord(
        trial_key=f"t{name}{seed}", config_id=f"c{name}", phase=Phase.SEARCH, seed=seed,
        status=status, history=history,
    )  # fmt: skip


def tried(name: str, values: Mapping[int, float], status: Status = Status.COMPLETED) -> Tried:
    return Tried({}, tuple(trial(name, seed, value, status) for seed, value in values.items()))


def test_without_further_stages_nobody_earns_a_seed() -> None:
    assert next_seed([tried("a", {0: 1.0})], (Stage(),), METRIC, ended=1, total=1) is None


def test_a_share_of_what_has_ended_earns_the_next_stage() -> None:
    found = [tried(name, {0: value}) for name, value in (("a", 1.0), ("b", 3.0), ("c", 2.0))]
    # Of 12 configurations the best 4 will have three seeds: of 3 that ended, the best one.
    assert next_seed(found[:2], STAGES, METRIC, ended=2, total=12) is None
    one, seed = next_seed(found, STAGES, METRIC, ended=3, total=12)
    assert (one.first.config_id, seed) == ("cb", 1)
    more = [found[0], tried("b", {0: 3.0, 1: 2.0}), found[2]]
    assert next_seed(more, STAGES, METRIC, ended=3, total=12)[1] == 2
    whole = [found[0], tried("b", {0: 3.0, 1: 2.0, 2: 1.0}), found[2]]
    assert next_seed(whole, STAGES, METRIC, ended=3, total=12) is None


def test_a_stopped_failed_or_running_trial_earns_none() -> None:
    for status in (Status.PRUNED, Status.FAILED, Status.RUNNING):
        unfit = [tried("a", {0: 9.0}, status)]
        assert next_seed(unfit, STAGES, METRIC, ended=1, total=1) is None
        assert mean_over(unfit[0], 1, METRIC) is None


def test_the_later_stage_judges_by_the_mean_of_the_stage_before() -> None:
    lucky = tried("a", {0: 9.0, 1: 0.0, 2: 0.0})
    steady = tried("b", {0: 4.0, 1: 4.0, 2: 4.0})
    others = [tried(name, {0: 1.0}) for name in "cd"]
    stages = (Stage(seeds=1), Stage(seeds=3, top=2), Stage(seeds=5, top=1))
    one, seed = next_seed([lucky, steady, *others], stages, METRIC, ended=4, total=4)
    assert (one.first.config_id, seed) == ("cb", 3)
    assert [o.first.config_id for o in best([lucky, steady, *others], stages, METRIC)][:2] == [
        "cb",
        "ca",
    ]


@pytest.mark.parametrize("seed", range(5))
def test_a_search_gives_exactly_the_best_their_seeds_and_no_more_than_it_needs(seed: int) -> None:
    """Played to the end with noisy values: every stage is full, and ties with nobody better."""
    noise = random.Random(seed)
    quality = {f"{i:02d}": noise.gauss(0, 1) for i in range(12)}
    values: dict[str, dict[int, float]] = {}

    def state() -> list[Tried]:
        return [tried(name, found) for name, found in values.items()]

    def play(total: int) -> None:
        while (
            found := next_seed(state(), STAGES, METRIC, ended=len(values), total=total)
        ) is not None:
            name = found[0].first.config_id[1:]
            assert found[1] not in values[name]
            values[name][found[1]] = quality[name] + noise.gauss(0, 0.3)

    for name, value in quality.items():
        values[name] = {0: value + noise.gauss(0, 0.3)}
        play(12)
    trainings = sum(len(found) for found in values.values())
    assert trainings >= most_trials(12, STAGES) == 12 + 4 * 2 + 2 * 2
    by_first = sorted(values, key=lambda name: -values[name][0])
    assert all(len(values[name]) >= 3 for name in by_first[:4])
    ready = [name for name in values if len(values[name]) >= 3]
    by_three = sorted(ready, key=lambda name: -sum(values[name][s] for s in range(3)))
    assert all(len(values[name]) == 5 for name in by_three[:2])
    assert best(state(), STAGES, METRIC)[0].first.config_id[1:] in [
        name for name in values if len(values[name]) == 5
    ]
