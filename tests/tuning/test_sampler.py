"""The sampler is a function of records, seed and number; nothing else remembers anything."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest
from optuna.trial import TrialState

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.spaces.space import Space
from mdml_tune.spaces.study import Study
from mdml_tune.tuning.sampler import Sampler, Tried


def record(number: int, status: Status, values: list[float]) -> TrialRecord:
    history = tuple(
        EpochReport(epoch, epoch, {"val/delta_m": value}) for epoch, value in enumerate(values, 1)
    )
    return TrialRecord(
        trial_key=f"t{number}",
        config_id=f"c{number}",
        phase=Phase.SEARCH,
        seed=0,
        number=number,
        status=status,
        history=history,
    )


@pytest.fixture
def tried() -> list[Tried]:
    weights = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
    return [
        Tried({"mutual.weight": weight}, record(n, Status.COMPLETED, [0.0, -abs(weight - 0.2)]))
        for n, weight in enumerate(weights)
    ]


@pytest.fixture
def sampler(make_study: Callable[..., Study]) -> Sampler:
    study = make_study()
    return Sampler(study.space, study.search.sampler, "val/delta_m", seed=7)


def test_same_records_seed_and_number_give_the_same_proposals(
    sampler: Sampler, tried: list[Tried]
) -> None:
    first = list(islice(sampler.proposals(6, tried), 3))
    assert first == list(islice(sampler.proposals(6, tried), 3))
    assert first[0] != first[1]  # a redraw is another drawing
    assert first[0] != next(sampler.proposals(7, tried))
    assert first[0] != next(replace(sampler, seed=8).proposals(6, tried))


def test_proposals_depend_on_what_was_learnt(sampler: Sampler, tried: list[Tried]) -> None:
    worst_first = [
        replace(t, record=record(n, Status.COMPLETED, [abs(t.assignment["mutual.weight"] - 0.2)]))
        for n, t in enumerate(tried)
    ]
    assert next(sampler.proposals(6, tried)) != next(sampler.proposals(6, worst_first))


def test_tpe_learns_where_the_optimum_is(sampler: Sampler, tried: list[Tried]) -> None:
    drawn = [next(sampler.proposals(n, tried))["mutual.weight"] for n in range(6, 46)]
    near = sum(0.1 < weight < 0.4 for weight in drawn)
    assert near > 20  # a log-uniform draw falls there three times in ten


@pytest.mark.parametrize(
    ("status", "values", "state"),
    [
        (Status.COMPLETED, [1.0, 2.0], TrialState.COMPLETE),
        (Status.PRUNED, [1.0], TrialState.PRUNED),
        (Status.FAILED, [1.0], TrialState.FAIL),
        (Status.RUNNING, [1.0], TrialState.RUNNING),
    ],
)
def test_a_trial_is_told_as_what_it_is(
    sampler: Sampler, status: Status, values: list[float], state: TrialState
) -> None:
    # Ray's own OptunaSearch tells early-stopped trials as complete, and TPE then mixes fidelities.
    told = sampler._frozen(Tried({"mutual.weight": 0.1}, record(0, status, values)))
    assert told.state is state
    assert told.intermediate_values == dict(enumerate(values, 1))
    assert told.values == ([2.0] if state is TrialState.COMPLETE else None)


def test_grid_proposes_every_combination_in_order(make_study: Callable[..., Study]) -> None:
    space = Space.of({"mutual": {"weight": {"choice": [0.1, 0.3]}, "peers": {"int": [2, 3]}}})
    config = make_study(
        search={"sampler": {"kind": "grid"}, "trials": 1},
        trial=make_study().trial | {"mutual": {"weight": 0.1}},
    ).search.sampler
    proposals = list(Sampler(space, config, "val/delta_m", seed=0).proposals(0, []))
    assert [(p["mutual.weight"], p["mutual.peers"]) for p in proposals] == [
        (0.1, 2), (0.1, 3), (0.3, 2), (0.3, 3),
    ]  # fmt: skip
