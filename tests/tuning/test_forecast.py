"""Forecasts: arithmetic worked out by hand, budgets that cut them, and what records say of speed."""

import pytest

from mdml_tune.config.load import load_trial
from mdml_tune.records import EpochReport, Phase, Status, StudyRecord, TrialRecord
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.plan import Budget, Resources
from mdml_tune.spaces.study import Study
from mdml_tune.training.timing import EpochTime
from mdml_tune.tuning import baselines as baselines_module
from mdml_tune.tuning import forecast_left as forecast_left_module
from mdml_tune.tuning import forecast_work
from mdml_tune.tuning.forecast import forecast
from mdml_tune.tuning.forecast_kinds import cost_key, draws, kinds, planned
from mdml_tune.tuning.forecast_left import forecast_left, pace_of, paces, pending, width
from mdml_tune.tuning.forecast_measured import Measured
from mdml_tune.tuning.forecast_range import Range
from mdml_tune.tuning.forecast_todo import Pace, Todo
from mdml_tune.tuning.forecast_work import Paces, Pending, todos
from mdml_tune.tuning.spending import Spending, spent

TRIAL = {
    "data": {
        "dataset": "rooms",
        "tasks": ["segmentation", "depth"],
        "train_size": 4,
        "val_size": 2,
        "test_size": 2,
        "image_size": [16, 24],
    },
    "network": {"kind": "unet", "width": 4},
    "training": {"epochs": 10, "batch_size": 2},
    "mutual": {"weight": {"log_uniform": [0.03, 3.0]}},
}
SECOND = Pace(Range.exact(1.0), 2.0)
EVERYWHERE = Paces(
    baselines={"segmentation": SECOND, "depth": SECOND}, search=SECOND, confirm=SECOND
)
NO_BUDGET = Budget()


def study_of(**sections: object) -> Study:
    values = {
        "study": "small",
        "trial": TRIAL,
        "baseline": {"seeds": 2},
        "search": {"trials": 6},
        "confirm": {"top": 2, "seeds": 3},
    }
    study = check_study(values | sections)
    assert isinstance(study, Study), study
    return study


def trial_of(
    phase: Phase = Phase.SEARCH,
    *,
    epochs: int = 10,
    whole: int = 10,
    status: Status = Status.COMPLETED,
    seconds: float = 1.0,
    start: float = 0.0,
    seed: int = 0,
    method: str | None = None,
) -> TrialRecord:
    return TrialRecord(
        trial_key="t",
        config_id="c",
        phase=phase,
        seed=seed,
        method=method,
        status=status,
        config={"training": {"epochs": whole}},
        history=tuple(
            EpochReport(
                epoch,
                int(1000 * (start + seconds * epoch)),
                {"time/epoch_seconds": seconds, "time/process_seconds": 2 * seconds},
            )
            for epoch in range(1, epochs + 1)
        ),
        seconds=epochs * seconds,
    )


def record_of(study: Study, *trials: TrialRecord, baselines: int = 2) -> StudyRecord:
    return StudyRecord(
        name="small",
        tasks=study.tasks,
        baselines=tuple(
            trial_of(Phase.BASELINE, seed=seed, method=task)
            for task in study.tasks
            for seed in range(baselines)
        ),
        trials=trials,
    )


# Arithmetic


def test_a_whole_study_by_hand() -> None:
    study = study_of(resources={"gpus": 0.5}, budget={"cost_per_gpu_hour": 4})
    hours = Paces(
        baselines=dict.fromkeys(("segmentation", "depth"), Pace(Range.exact(360.0), 720.0)),
        search=Pace(Range.exact(720.0), 720.0),
        confirm=Pace(Range.exact(720.0), 720.0),
    )
    waiting = [Pending(task, 10) for task in study.tasks for _ in range(2)]
    found = forecast(todos(study, waiting, (), hours, 2), study.resources, study.budget, 2)
    baselines, search, confirm = found.phases
    assert [p.phase for p in found.phases] == ["baselines", "search", "confirm"]
    # Four networks of ten epochs of a tenth of an hour; two at a time, so two rounds of an hour.
    assert (baselines.epochs.mean, baselines.work.mean, baselines.wall_hours.mean) == (40, 4.0, 2.0)
    assert (baselines.cpu_hours.mean, baselines.gpu_hours.mean, baselines.cost.mean) == (8, 2, 8)
    assert (search.epochs.mean, search.wall_hours.mean) == (60, 6.0)
    assert (confirm.trainings.mean, confirm.epochs.mean, confirm.wall_hours.mean) == (6, 60, 6.0)
    assert found.total.wall_hours.mean == pytest.approx(14.0)
    assert found.ends is None


def even(trainings: int, epochs: float, pace: Pace = SECOND) -> Todo:
    return Todo(phase="search", trainings=trainings, epochs=Range.exact(epochs), pace=pace)


@pytest.mark.parametrize(
    ("concurrency", "hours"), [(1, 5 * 0.5), (2, 3 * 0.5), (3, 2 * 0.5), (5, 0.5), (8, 0.5)]
)
def test_equal_trainings_run_in_rounds(concurrency: int, hours: float) -> None:
    found = forecast([even(5, 5 * 1800)], Resources(), NO_BUDGET, concurrency)
    assert found.total.wall_hours.ends == pytest.approx((hours,) * 3)


def test_unequal_trainings_take_between_their_share_and_the_longest_more() -> None:
    todo = Todo(
        phase="search",
        trainings=10,
        epochs=Range.exact(36000),
        longest=7200,
        even=False,
        pace=SECOND,
    )
    hours = forecast([todo], Resources(), NO_BUDGET, 4).total.wall_hours
    assert hours.ends == pytest.approx((2.5 + 0.75, 2.5, 2.5 + 1.5))
    alone = forecast([todo], Resources(), NO_BUDGET, 1).total.wall_hours
    assert alone.ends == pytest.approx((10, 10, 10))
    wide = forecast([todo], Resources(), NO_BUDGET, 1000).total.wall_hours
    assert wide.low == pytest.approx(2.0)  # never less than the longest


def test_ends_of_epochs_and_of_speed_meet() -> None:
    pace = Pace(Range(2.0, 1.0, 3.0), 1.0, setup=36.0)
    todo = Todo(phase="search", trainings=1, epochs=Range(3600, 1800, 7200), pace=pace)
    (found,) = forecast([todo], Resources(), NO_BUDGET, 1).phases
    assert found.work.ends == pytest.approx((2.0, 0.5, 6.0))
    assert found.wall_hours.ends == pytest.approx((2.01, 0.51, 6.01))  # and what comes before


def test_what_nobody_has_measured_is_named_and_not_guessed() -> None:
    unknown = Todo(phase="confirm", trainings=2, epochs=Range.exact(20), pace=None)
    found = forecast([even(1, 3600), unknown], Resources(), NO_BUDGET, 1)
    assert [p.phase for p in found.phases] == ["search"]
    assert found.unknown == ("confirm",)


# Budgets


PHASES = [
    Todo(phase="baselines", trainings=2, epochs=Range.exact(2 * 3600), pace=SECOND),
    Todo(phase="search", trainings=10, epochs=Range.exact(10 * 3600), pace=SECOND),
    Todo(phase="confirm", trainings=4, epochs=Range.exact(4 * 3600), pace=SECOND),
]


@pytest.mark.parametrize(
    ("budget", "ends", "hours"),
    [
        ({"gpu_hours": 16}, None, [2, 10, 4]),
        # The search leaves the four hours of the confirmations.
        ({"gpu_hours": 13}, "the GPU-hours budget ends the search after about 7 of 10 trainings", [2, 7, 4]),
        # It has half of the budget at least.
        ({"gpu_hours": 6}, "the GPU-hours budget ends the search after about 1 of 10 trainings", [2, 1, 3]),
        ({"wall_clock": 1}, "the time budget ends the baselines after about 1 of 2 trainings", [1, 0, 0]),
        ({"cost": 22, "cost_per_gpu_hour": 2}, "the cost budget ends the search after about 5 of 10 trainings", [2, 5, 4]),
        ({"gpu_hours": 15, "wall_clock": 10}, "the time budget ends the search after about 4 of 10 trainings", [2, 4, 4]),
    ],
)  # fmt: skip
def test_a_budget_ends_the_study_where_it_is_used_up(
    budget: dict[str, float], ends: str | None, hours: list[float]
) -> None:
    found = forecast(PHASES, Resources(gpus=1), Budget(**budget), 1)
    assert found.ends == ends
    assert [phase.wall_hours.mean for phase in found.phases] == pytest.approx(hours)


def test_what_is_spent_already_is_no_longer_there() -> None:
    used = Spending(epochs=1, gpu_hours=4.0, cpu_hours=0.0, cost=0.0, wall_hours=None)
    found = forecast(PHASES, Resources(gpus=1), Budget(gpu_hours=9), 1, used)
    assert found.total.gpu_hours.mean == pytest.approx(5.0)
    over = forecast(PHASES, Resources(gpus=1), Budget(gpu_hours=3), 1, used)
    assert over.total.gpu_hours.ends == (0, 0, 0)


def test_each_future_is_cut_by_itself() -> None:
    pace = Pace(Range(1.0, 0.5, 2.0), 1.0)
    todo = Todo(phase="search", trainings=10, epochs=Range.exact(36000), pace=pace)
    found = forecast([todo], Resources(gpus=1), Budget(gpu_hours=8), 1)
    assert found.total.gpu_hours.ends == pytest.approx((8, 5, 8))  # fast epochs leave some over
    assert found.total.epochs.ends == pytest.approx((28800, 14400, 36000))


# Work


def test_early_stopping_and_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def expected(*given: object, **_: int) -> tuple[float, float, float]:
        asked.append(given)
        return 30.0, 24.0, 48.0  # of 60

    monkeypatch.setattr(forecast_work, "expected_epochs", expected)
    stopping = {"kind": "asha", "grace_epochs": 2}
    study = study_of(
        search={
            "trials": 6,
            "early_stopping": stopping,
            "seed": 5,
            "stages": [{"seeds": 1}, {"seeds": 3, "top": 2}],
        },
        confirm={"top": 4, "seeds": 3},
    )
    baselines, search, seeds, confirm = todos(study, (), (), EVERYWHERE, 3)
    assert asked == [(study.search.early_stopping, 6, 10, 3, 5)]
    assert baselines.trainings == 0
    assert search.epochs.ends == pytest.approx((30, 24, 48))
    assert not search.even
    assert seeds.epochs.ends == (40, 40, 40)
    # Of six that ran 30 epochs, two each at least, no more than (30 - 12) / 8 came to the end.
    assert confirm.epochs.ends == (2 * 30, 2 * 30, 4 * 30)


def test_what_is_done_is_not_to_be_done() -> None:
    study = study_of()
    trials = [
        trial_of(),
        trial_of(epochs=4, status=Status.RUNNING),
        trial_of(epochs=3, status=Status.PRUNED),
        trial_of(Phase.CONFIRM, seed=1000),
        trial_of(Phase.CONFIRM, epochs=7, seed=1001, status=Status.RUNNING),
    ]
    _, search, confirm = todos(study, (), trials, EVERYWHERE, 1)
    assert (search.trainings, search.epochs.mean) == (4, 3 * 10 + 6)
    assert (confirm.trainings, confirm.epochs.mean) == (5, 5 * 10 - 7)


@pytest.mark.parametrize(
    ("require", "number"), [([], 6), (["mutual.weight < mutual.temperature"], 4)]
)
@pytest.mark.parametrize("sampler", ["grid", "random"])
def test_a_space_holds_no_more_than_its_combinations(
    sampler: str, require: list[str], number: int
) -> None:
    mutual = {"weight": {"choice": [0.1, 1.0, 2.0]}, "temperature": {"choice": [1.0, 3.0]}}
    study = study_of(
        trial=TRIAL | {"mutual": mutual},
        require=require,
        search={"trials": 50, "sampler": {"kind": sampler}},
    )
    _, search, _ = todos(study, (), (), EVERYWHERE, 1)
    assert search.trainings == planned(study) == number
    assert all(c.mutual is not None for c in draws(study))
    assert len(draws(study)) == (number if sampler == "grid" else 200)


def test_confirmation_that_is_not_asked_for() -> None:
    assert [t.phase for t in todos(study_of(confirm=None), (), (), EVERYWHERE, 1)] == [
        "baselines",
        "search",
    ]


# Kinds


def test_strengths_and_lengths_cost_the_same_and_structure_does_not() -> None:
    fixed = TRIAL | {"mutual": {"weight": 1.0}}
    base = cost_key(load_trial(fixed))

    def key(**sections: object) -> str:
        return cost_key(load_trial(fixed | sections))

    assert key(mutual={"weight": 0.1, "temperature": 3.0, "warmup_epochs": 3}) == base
    assert (
        key(training={"epochs": 30, "batch_size": 2, "optimizer": {"learning_rate": 1.0}}) == base
    )
    assert key(mutual={"weight": 0.0}) != base
    assert key(mutual={"weight": 1.0, "peers": 3}) != base
    assert key(training={"epochs": 10, "batch_size": 4}) != base
    assert key(network={"kind": "unet", "width": 8}) != base
    assert key(mutual=None) != base


def test_kinds_stand_for_as_many_trials_as_are_drawn_of_them() -> None:
    methods = {"one": {"mutual": None}, "two": {}, "three": {"mutual": {"peers": 3}}}
    trial = TRIAL | {"mutual": {"weight": 1.0}}
    grid = {"sampler": {"kind": "grid"}, "trials": 3}
    drawn = draws(study_of(trial=trial, methods=methods, search=grid))
    assert len(drawn) == 3
    assert [len(kind.configs) for kind in kinds(drawn)] == [1, 1, 1]
    random = {"sampler": {"kind": "random"}, "trials": 3}
    shares = [
        len(kind.configs) / 200
        for kind in kinds(draws(study_of(trial=trial, methods=methods, search=random)))
    ]
    assert sum(shares) == 1
    assert shares == pytest.approx([1 / 3] * 3, abs=0.12)
    assert draws(study_of()) == draws(study_of())


def test_the_pace_of_a_search_is_the_mean_over_what_is_drawn() -> None:
    methods = {"one": {"mutual": None}, "two": {}, "four": {"mutual": {"peers": 4}}}
    grid = {"sampler": {"kind": "grid"}, "trials": 3}
    study = study_of(trial=TRIAL | {"mutual": {"weight": 1.0}}, methods=methods, search=grid)
    drawn = draws(study)
    every = kinds(drawn)
    times = [
        EpochTime(wall_seconds=s, process_seconds=2 * s, low=0.9 * s, high=1.2 * s, whole=True)
        for s in (1.0, 2.0, 6.0)
    ]
    measured = Measured(
        baselines={},
        searched={kind.key: time for kind, time in zip(every, times, strict=True)},
        drawn=tuple(drawn),
        kinds=tuple(every),
        setup=0.5,
        checkpoint_bytes=1,
    )
    found = measured.paces(study)
    assert found.search is not None
    assert found.search.wall.ends == pytest.approx((3.0, 2.7, 3.6))  # all of the grid: no chance
    assert (found.search.process, found.search.setup) == pytest.approx((6.0, 0.5))
    assert found.confirm is not None
    assert found.confirm.wall.mean == pytest.approx(3.0)
    assert found.confirm.wall.high > 3.6  # which two of the three will be confirmed is not known


# From records


def test_speed_is_read_from_the_epochs_themselves() -> None:
    fast, slow = trial_of(seconds=1.0), trial_of(seconds=3.0)
    found = pace_of([fast, slow, trial_of(epochs=0)])
    assert found is not None
    assert found.wall.ends == pytest.approx((2.0, 2 - 1.96, 2 + 1.96))
    assert found.process == pytest.approx(4.0)
    assert pace_of([]) is None
    inherited = trial_of(seconds=0.0)
    assert pace_of([inherited]) is None


def test_a_phase_that_has_not_begun_goes_like_the_search() -> None:
    study = study_of()
    found = paces(record_of(study, trial_of(seconds=5.0)))
    assert found.confirm is not None
    assert found.confirm.wall.mean == 5.0
    assert found.baselines["depth"].wall.mean == 1.0


@pytest.mark.parametrize(
    ("starts", "wide"), [([0], 1), ([0, 10], 1), ([0, 9], 2), ([0, 1, 2, 20], 3), ([], 1)]
)
def test_a_study_is_as_wide_as_its_trainings_overlap(starts: list[float], wide: int) -> None:
    assert width([trial_of(start=start) for start in starts]) == wide


def test_the_network_for_all_tasks_is_known_by_one_name() -> None:
    assert forecast_left_module.EQUAL_WEIGHTING == baselines_module.EQUAL_WEIGHTING


def test_baselines_that_are_not_there_are_pending() -> None:
    study = study_of()
    there = [
        trial_of(Phase.BASELINE, method="depth"),
        trial_of(Phase.BASELINE, method="depth", epochs=4, status=Status.RUNNING),
        trial_of(Phase.BASELINE, method="segmentation"),
    ]
    assert pending(study, there) == [Pending("depth", 6), Pending("segmentation", 10)]


def test_what_is_left_plus_what_is_done_is_the_whole() -> None:
    study = study_of()
    searched = [trial_of(start=20 * i) for i in range(6)]
    confirmed = [trial_of(Phase.CONFIRM, start=200 + 20 * i, seed=1000 + i) for i in range(6)]
    for done in range(7):
        record = record_of(study, *searched[:done], *(confirmed if done == 6 else []))
        left = forecast_left(study, record, spent(record), concurrency=2)
        confirms = 0 if done == 6 else 60
        if done:
            assert left.total.epochs.mean == (6 - done) * 10 + confirms
            assert left.unknown == ()
        else:
            assert left.unknown == ("search", "confirm")
