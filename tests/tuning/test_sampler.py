"""The sampler is a function of records, seed and number; nothing else remembers anything."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

import pytest
from optuna.trial import TrialState

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord, Value
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.plan import (
    CmaEsSampler,
    GpSampler,
    GridSampler,
    Nsga2Sampler,
    RandomSampler,
    SamplerConfig,
    SobolSampler,
    TpeSampler,
)
from mdml_tune.spaces.space import Space
from mdml_tune.tuning.sampler import CONSIDERED, REDRAWS, Sampler
from mdml_tune.tuning.sampling.outcomes import outcomes
from mdml_tune.tuning.sampling.shares import holds, share_of, value_at
from mdml_tune.tuning.sampling.through_optuna import told
from mdml_tune.tuning.tried import Earlier, Proposal, Tried

OBJECTIVE = ("val/delta_m",)
BOTH = ("val/delta_m/segmentation", "val/delta_m/depth")
TRIALS = 12

FLAT = Space.of(
    {
        "weight": {"log_uniform": [0.03, 3.0]},
        "temperature": {"uniform": [1.0, 6.0]},
        "share": {"uniform": [0.0, 0.9, 0.1]},
        "warmup": {"int": [0, 10, 2]},
        "width": {"log_int": [1, 64]},
        "update": {"choice": ["simultaneous", "alternating", None]},
    }
)
NESTED = Space.of(
    {
        "mutual": {"weight": {"log_uniform": [0.03, 3.0]}},
        "scd": {
            "choice": [
                None,
                {"name": "outputs", "weight": {"log_uniform": [0.03, 3.0]}, "stages": 3},
                {
                    "name": "features",
                    "weight": {"log_uniform": [0.1, 1.0]},
                    "adaptor": {"choice": ["linear", {"name": "deep", "layers": {"int": [2, 4]}}]},
                },
            ]
        },
    },
    {"plain": {}, "decayed": {"decay": {"uniform": [0.0, 1.0]}}},
)
SPACES = {"flat": FLAT, "nested": NESTED}

KINDS: dict[str, SamplerConfig] = {
    "random": RandomSampler(kind="random"),
    "sobol": SobolSampler(kind="sobol"),
    "tpe": TpeSampler(startup_trials=4),
    "gp": GpSampler(kind="gp", startup_trials=9),
    "cmaes": CmaEsSampler(kind="cmaes"),
    "nsga2": Nsga2Sampler(kind="nsga2", population=3),
}
GRID = GridSampler(kind="grid")
SLOW = {"gp": pytest.mark.slow}
CASES = [
    pytest.param(kind, objectives, id=f"{kind}-{len(objectives)}", marks=SLOW.get(kind, ()))
    for kind in KINDS
    for objectives in (OBJECTIVE, BOTH)
    if (kind, objectives) != ("cmaes", BOTH)
]
EACH = [pytest.param(kind, marks=SLOW.get(kind, ())) for kind in KINDS]


def sampler_of(
    kind: str, space: Space = FLAT, objectives: tuple[str, ...] = OBJECTIVE, seed: int = 7
) -> Sampler:
    return Sampler(space, KINDS.get(kind, GRID), objectives, seed)


def record(
    number: int, status: Status, values: Iterable[Mapping[str, float]], *, seed: int = 0
) -> TrialRecord:
    history = tuple(
        EpochReport(epoch, 1000 * number + epoch, metrics)
        for epoch, metrics in enumerate(values, start=1)
    )
    return TrialRecord(
        trial_key=f"t{number}s{seed}",
        config_id=f"c{number}",
        phase=Phase.SEARCH,
        seed=seed,
        number=number,
        status=status,
        failure="diverged in epoch 2" if status is Status.FAILED else None,
        history=history,
    )


def numeric(assignment: Mapping[str, Value]) -> float:
    """A stand-in for what a configuration is worth."""
    numbers = [v for v in assignment.values() if isinstance(v, int | float)]
    return -sum((value - 1) ** 2 for value in numbers) - 3 * len(numbers)


def answer(number: int, proposal: Proposal) -> Tried:
    """As it would be trained: one in four stopped early, one in six diverged."""
    worth = numeric(proposal.assignment)
    status = Status.COMPLETED
    if number % 4 == 3:
        status = Status.PRUNED
    elif number % 6 == 4:
        status = Status.FAILED
    values = [
        {"val/delta_m": worth / epoch, BOTH[0]: worth / epoch, BOTH[1]: -number / epoch}
        for epoch in (4, 2, 1)
    ]
    kept = values[:1] if status is Status.PRUNED else values
    return Tried(proposal.assignment, (record(number, status, kept),), proposal.memory)


def reread(tried: Tried) -> Tried:
    """After everything but the disk is gone."""
    said = json.loads(json.dumps({"assignment": tried.assignment, "memory": tried.memory}))
    lines = json.loads(json.dumps([asdict(report) for report in tried.first.history]))
    history = tuple(EpochReport(**line) for line in lines)
    return Tried(said["assignment"], (replace(tried.first, history=history),), said["memory"])


def searched(sampler: Sampler, *, number: int = TRIALS, running: int = 0) -> list[Tried]:
    """A search in which the last trials are still at work when the next is asked for."""
    tried: list[Tried] = []
    for n in range(number):
        known = [
            t if n - i > running else replace(t, records=(replace_status(t.first),))
            for i, t in enumerate(tried)
        ]
        tried.append(answer(n, first_new(sampler, n, known)))
    return tried


def first_new(sampler: Sampler, number: int, known: Sequence[Tried]) -> Proposal:
    taken = assignments(known)
    return next(p for p in sampler.proposals(number, known) if p.assignment not in taken)


def replace_status(record: TrialRecord) -> TrialRecord:
    return replace(record, status=Status.RUNNING, failure=None, history=record.history[:1])


def assignments(tried: Sequence[Tried]) -> list[Mapping[str, Value]]:
    return [one.assignment for one in tried]


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(("kind", "objectives"), CASES)
def test_a_search_that_is_killed_at_any_trial_goes_on_as_if_it_had_not(
    kind: str, objectives: tuple[str, ...], space: str
) -> None:
    whole = searched(sampler_of(kind, SPACES[space], objectives))
    for number in range(TRIALS):
        known = [reread(one) for one in whole[:number]]
        again = first_new(sampler_of(kind, SPACES[space], objectives), number, known)
        assert answer(number, again) == whole[number]
        json.dumps(again.memory)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(("kind", "objectives"), CASES)
def test_every_draw_is_in_its_domain_and_only_what_is_active_is_drawn(
    kind: str, objectives: tuple[str, ...], space: str
) -> None:
    found = searched(sampler_of(kind, SPACES[space], objectives), running=2)
    for one in assignments(found):
        drawn = SPACES[space].draw(lambda parameter: one[parameter.name])  # noqa: B023
        assert drawn == one
        for parameter in SPACES[space].parameters:
            if parameter.name in one:
                assert holds(parameter.domain, one[parameter.name]), parameter
    assert len({json.dumps(one) for one in assignments(found)}) == TRIALS


@pytest.mark.parametrize("kind", EACH)
def test_the_seed_and_nothing_else_makes_a_search_another(kind: str) -> None:
    one = searched(sampler_of(kind))
    assert assignments(one) == assignments(searched(sampler_of(kind)))
    other = searched(sampler_of(kind, seed=8))
    assert all(a != b for a, b in zip(assignments(one), assignments(other), strict=True))


@pytest.mark.parametrize("kind", EACH)
def test_proposals_for_one_question_differ_and_end(kind: str) -> None:
    tried = searched(sampler_of(kind))
    question = islice(sampler_of(kind).proposals(TRIALS, tried), CONSIDERED + 10)
    found = {json.dumps(p.assignment) for p in question}
    assert len(found) > CONSIDERED
    next_number = next(sampler_of(kind).proposals(TRIALS + 1, tried))
    assert next_number != next(sampler_of(kind).proposals(TRIALS, tried))


@pytest.mark.parametrize("kind", EACH)
def test_a_space_of_few_values_is_searched_whole_and_then_ends(kind: str) -> None:
    space = Space.of({"a": {"int": [1, 3]}, "b": {"choice": ["x", "y"]}})
    tried: list[Tried] = []
    for number in range(7):
        fit = (
            p
            for p in sampler_of(kind, space).proposals(number, tried)
            if p.assignment not in assignments(tried)
        )
        proposal = next(fit, None)
        if proposal is None:
            break
        tried.append(answer(number, proposal))
    assert len(tried) == 6
    assert len(list(sampler_of(kind, space).proposals(6, tried))) == REDRAWS


@pytest.mark.parametrize("kind", EACH)
def test_a_space_without_parameters_has_one_configuration(kind: str) -> None:
    assert next(sampler_of(kind, Space.of({"a": 1})).proposals(0, [])).assignment == {}


@pytest.mark.parametrize("kind", [*EACH, "grid"])
def test_first_configurations_hold_what_they_are_given(kind: str) -> None:
    space = (
        NESTED
        if kind != "grid"
        else Space.of(
            {"scd": {"choice": [None, {"name": "outputs", "weight": {"choice": [0.5, 1.0]}}]}}
        )
    )
    given = ({"scd": "outputs", "scd.weight": 1.0}, {"scd": "none"})
    sampler = replace(sampler_of(kind, space), start_with=given)
    first = next(sampler.proposals(0, []))
    assert first.assignment["scd"] == "outputs"
    assert first.assignment["scd=outputs/scd.weight"] == 1.0
    assert set(space.draw(lambda p: first.assignment[p.name])) == set(first.assignment)
    second = list(islice(sampler.proposals(1, [answer(0, first)]), 4))
    assert second[0].assignment["scd"] == "none"
    # Where it is not fit, and from then on, the search goes on as usual.
    free = list(islice(replace(sampler, start_with=()).proposals(0, []), REDRAWS))
    after = list(islice(sampler.proposals(0, []), REDRAWS + 1))
    assert {json.dumps(p.assignment) for p in after[1:]} & {json.dumps(p.assignment) for p in free}
    assert any(p.assignment["scd"] == "none" for p in after[1:])
    third = next(sampler.proposals(2, []))
    assert third == next(replace(sampler, start_with=()).proposals(2, []))


def test_the_rest_of_a_given_configuration_is_drawn() -> None:
    sampler = replace(sampler_of("random"), start_with=({"weight": 1.0}, {"weight": 1.0}))
    first, second = (next(sampler.proposals(number, [])).assignment for number in (0, 1))
    assert first["weight"] == second["weight"] == 1.0
    assert first["temperature"] != second["temperature"]


def test_grid_proposes_every_combination_in_order() -> None:
    space = Space.of({"weight": {"choice": [0.1, 0.3]}, "peers": {"int": [2, 3]}})
    proposals = list(Sampler(space, GRID, OBJECTIVE, seed=0).proposals(0, []))
    assert [(p.assignment["weight"], p.assignment["peers"]) for p in proposals] == [
        (0.1, 2), (0.1, 3), (0.3, 2), (0.3, 3),
    ]  # fmt: skip


# --- Sobol ---


def test_no_option_of_a_choice_between_sections_is_given_up() -> None:
    """However bad the first trial with it was: its settings may have been to blame."""
    space = Space.of(
        {"scd": {"choice": [None, {"name": "outputs", "weight": {"uniform": [0, 1]}}]}}
    )
    sampler = Sampler(space, TpeSampler(startup_trials=1), OBJECTIVE, seed=3)
    bad = {"scd": "outputs", "scd=outputs/scd.weight": 0.9}
    tried = [
        at(
            {"scd": "none"} if n % 5 else bad,
            record(n, Status.COMPLETED, [{"val/delta_m": 9.0 if n % 5 else -9.0}]),
        )
        for n in range(30)
    ]
    asked = [next(sampler.proposals(4 * n, tried)).assignment["scd"] for n in range(10, 50)]
    assert 10 <= asked.count("outputs") <= 30
    assert [p.name for p in NESTED.forks] == ["method", "scd", "scd=features/scd.adaptor"]
    assert FLAT.forks == ()


def test_sobol_points_leave_no_gap() -> None:
    # Of the first 16 scrambled points one falls into each sixteenth of every coordinate.
    space = Space.of({name: {"uniform": [0.0, 16.0]} for name in "abc"})
    tried = searched(sampler_of("sobol", space), number=16)
    for name in "abc":
        cells = sorted(int(float(one[name] or 0)) for one in assignments(tried))
        assert cells == list(range(16))


def test_sobol_goes_on_behind_points_that_were_not_fit() -> None:
    sampler = sampler_of("sobol")
    points = list(islice(sampler.proposals(0, []), 4))
    tried = [answer(0, points[2])]  # the first two were not fit
    assert next(sampler.proposals(1, tried)) == points[3]


# --- What the samplers are told ---


def frozen(kind: str, tried: Sequence[Tried], objectives: tuple[str, ...] = OBJECTIVE) -> list:
    known = outcomes(tried, (), objectives)
    return told(FLAT, KINDS[kind], known)


def at(assignment: dict[str, Value], *records: TrialRecord) -> Tried:
    return Tried(assignment, records)


def curve(*values: float) -> list[dict[str, float]]:
    return [{"val/delta_m": v, BOTH[0]: v, BOTH[1]: -v} for v in values]


@pytest.mark.parametrize(
    ("status", "values", "state"),
    [
        (Status.COMPLETED, [1.0, 2.0], TrialState.COMPLETE),
        (Status.COMPLETED, [], TrialState.FAIL),
        (Status.PRUNED, [1.0], TrialState.PRUNED),
        (Status.FAILED, [1.0], TrialState.FAIL),
        (Status.RUNNING, [1.0], TrialState.RUNNING),
    ],
)
def test_tpe_is_told_a_trial_as_what_it_is(
    status: Status, values: list[float], state: TrialState
) -> None:
    # Ray's own OptunaSearch tells early-stopped trials as complete, and TPE then mixes fidelities.
    (one,) = frozen("tpe", [at({"weight": 0.1}, record(0, status, curve(*values)))])
    assert one.state is state
    assert one.intermediate_values == dict(enumerate(values, 1))
    assert one.values == ([2.0] if state is TrialState.COMPLETE else None)


def test_a_value_is_the_mean_over_completed_seeds() -> None:
    first = record(0, Status.COMPLETED, curve(1.0, 2.0))
    second = record(0, Status.COMPLETED, curve(1.0, 4.0), seed=1)
    third = record(0, Status.RUNNING, curve(9.0), seed=2)
    (one,) = frozen("tpe", [at({"weight": 0.1}, first, second, third)])
    assert (one.state, one.values) == (TrialState.COMPLETE, [3.0])


def test_of_several_objectives_pruned_trials_are_told_without_values() -> None:
    tried = [
        at({"weight": 0.1}, record(0, Status.COMPLETED, curve(1.0, 2.0))),
        at({"weight": 0.2}, record(1, Status.PRUNED, curve(1.0))),
    ]
    complete, pruned = frozen("tpe", tried, BOTH)
    assert complete.values == [2.0, -2.0]
    assert (pruned.state, pruned.values) == (TrialState.PRUNED, None)
    # Optuna compares intermediate values with the one direction of a study.
    assert complete.intermediate_values == pruned.intermediate_values == {}


@pytest.mark.parametrize("kind", ["gp", "nsga2"])
def test_to_samplers_that_see_no_pruned_trials_they_are_as_bad_as_the_worst(kind: str) -> None:
    crashed = replace(record(4, Status.FAILED, curve(7.0)), failure="its node was lost")
    tried = [
        at({"weight": 0.1}, record(0, Status.COMPLETED, curve(1.0, 2.0))),
        at({"weight": 0.2}, record(1, Status.COMPLETED, curve(1.0, 5.0))),
        at({"weight": 0.3}, record(2, Status.PRUNED, curve(9.0))),
        at({"weight": 0.4}, record(3, Status.FAILED, curve(9.0))),
        at({"weight": 0.5}, crashed),
        at({"weight": 0.6}, record(5, Status.RUNNING, curve(9.0))),
    ]
    both = frozen(kind, tried, BOTH)
    assert [one.values for one in both] == [
        [2.0, -2.0], [5.0, -5.0], [2.0, -5.0], [2.0, -5.0], None, None,
    ]  # fmt: skip
    assert [one.state for one in both[4:]] == [TrialState.FAIL, TrialState.RUNNING]
    # While none has completed there is no worst.
    states = [one.state for one in frozen(kind, tried[2:4])]
    assert states == [TrialState.PRUNED, TrialState.FAIL]


def test_steps_are_decimals_whatever_optuna_makes_of_them() -> None:
    space = Space.of({"share": {"uniform": [0.1, 0.7, 0.1]}})
    for kind in ("tpe", "random", "nsga2"):
        found = assignments(searched(sampler_of(kind, space), number=7))
        assert sorted(a["share"] for a in found) == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]


# --- What the samplers learn ---


def best_at(weights: Sequence[float], optimum: float) -> list[Tried]:
    return [
        at({"weight": w}, record(n, Status.COMPLETED, curve(-abs(w - optimum))))
        for n, w in enumerate(weights)
    ]


WEIGHTS = [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
LINE = Space.of({"weight": {"log_uniform": [0.03, 3.0]}})


@pytest.mark.parametrize(
    ("kind", "number"), [("tpe", 30), ("cmaes", 45), pytest.param("gp", 8, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("optimum", "low", "high"), [(0.2, 0.1, 0.4), (1.5, 0.8, 3.0)])
def test_a_search_ends_near_the_optimum(
    kind: str, number: int, optimum: float, low: float, high: float
) -> None:
    sampler = sampler_of(kind, LINE)
    if kind == "gp":
        sampler = replace(sampler, config=GpSampler(kind="gp", startup_trials=6))
    tried = best_at(WEIGHTS, optimum)
    for n in range(len(WEIGHTS), len(WEIGHTS) + number):
        proposal = next(sampler.proposals(n, tried))
        value = -abs(float(proposal.assignment["weight"] or 0) - optimum)
        end = record(n, Status.COMPLETED, curve(value))
        tried.append(Tried(proposal.assignment, (end,), proposal.memory))
    later = [float(one["weight"] or 0) for one in assignments(tried[len(WEIGHTS) + number // 2 :])]
    near = sum(low < weight < high for weight in later)
    assert near > 0.6 * len(later)  # a log-uniform draw falls there three times in ten


def test_a_generation_of_cma_es_has_as_many_trials_as_a_population() -> None:
    sampler = sampler_of("cmaes", LINE)
    tried: list[Tried] = []
    for number in range(13):
        proposal = next(sampler.proposals(number, tried))
        value = -abs(float(proposal.assignment["weight"] or 0) - 2.0)
        end = record(number, Status.COMPLETED, curve(value))
        tried.append(Tried(proposal.assignment, (end,), proposal.memory))
    generations = [one.memory.get("cma_generation") for one in tried]
    assert generations == [None, *(n // 4 for n in range(12))]


def test_cma_es_replays_generations_as_they_ended() -> None:
    # A straggler that ends after its generation is whole changes nothing that came after.
    sampler = sampler_of("cmaes", LINE)
    generation = [
        Tried(
            {"weight": 0.1 * number},
            (record(number, Status.COMPLETED, curve(-number)),),
            {"cma_generation": 0, "cma_point": [0.1 * number]},
        )
        for number in range(1, 6)
    ]
    first = generation[0].first
    running = replace(first, status=Status.RUNNING, history=())
    late = replace(first, history=(EpochReport(1, 10**9, {"val/delta_m": 100.0}),))
    before, after = (
        next(sampler.proposals(6, [replace(generation[0], records=(one,)), *generation[1:]]))
        for one in (running, late)
    )
    assert before == after
    assert before.memory["cma_generation"] == 1


def test_nsga2_breeds_from_the_best_of_the_last_generation() -> None:
    space = Space.of({name: {"uniform": [0.0, 1.0]} for name in "abcdef"})
    sampler = Sampler(space, Nsga2Sampler(kind="nsga2", population=6), OBJECTIVE, 3)
    tried: list[Tried] = []
    for number in range(18):
        proposal = next(sampler.proposals(number, tried))
        worth = float(proposal.assignment["a"] or 0)
        end = record(number, Status.COMPLETED, curve(worth))
        tried.append(Tried(proposal.assignment, (end,), proposal.memory))
    generations = [one.memory["NSGAIISampler:generation"] for one in tried]
    assert generations == [0] * 6 + [1] * 6 + [2] * 6
    inherited = {v for one in assignments(tried[:6]) for v in one.values()}
    kept = [sum(v in inherited for v in one.values()) for one in assignments(tried[6:12])]
    assert sum(kept) > 18  # of 36; a mutation draws one in six anew


# --- Earlier studies ---


@pytest.mark.parametrize(("kind", "objectives"), CASES)
def test_a_study_that_learns_from_an_earlier_one_begins_elsewhere(
    kind: str, objectives: tuple[str, ...]
) -> None:
    stopped = {1: -5.0} if len(objectives) == 1 else {}
    completed = (
        Earlier({"weight": w}, Status.COMPLETED, (-abs(w - 0.2),) * len(objectives), {})
        for w in WEIGHTS
    )
    earlier = (*completed, Earlier({"weight": 2.9}, Status.PRUNED, None, stopped))
    alone = sampler_of(kind, LINE, objectives)
    warm = replace(alone, earlier=earlier)
    fresh = [next(alone.proposals(n, [])) for n in range(20)]
    learnt = [next(warm.proposals(n, [])) for n in range(20)]
    if kind in ("random", "sobol"):
        assert learnt == fresh
        return
    near = sum(0.1 < float(p.assignment["weight"] or 0) < 0.4 for p in learnt)
    assert near > 10


@pytest.mark.parametrize(
    "domain",
    [
        Choice(("a", None, True, 2.5)),
        Int(-3, 9, 3),
        Int(1, 4),
        LogInt(1, 100),
        LogUniform(1e-4, 10.0),
        Uniform(-1.0, 2.0),
        Uniform(0.1, 0.7, 0.2),
    ],
)
def test_shares_cover_a_domain_evenly_and_lead_back(domain: Domain) -> None:
    values = [value_at(domain, (index + 0.5) / 1000) for index in range(1000)]
    assert all(holds(domain, value) for value in values)
    assert {type(v) for v in values} <= {type(v) for v in (value_at(domain, 0.0), *values)}
    assert holds(domain, value_at(domain, 0.0))
    assert value_at(domain, 1.0) == values[-1] or isinstance(domain, Uniform | LogUniform)
    for value in values[::37]:
        again = value_at(domain, share_of(domain, value))
        assert again == (pytest.approx(value) if isinstance(value, float) else value)
    if isinstance(domain, Choice | Int):
        counts = [values.count(value) for value in dict.fromkeys(values)]
        assert max(counts) - min(counts) <= 1
