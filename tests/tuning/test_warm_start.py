"""What is taken over from an earlier study, and why the rest is not."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mdml_tune.config.identity import code_version, config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ReportError
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord, Value
from mdml_tune.spaces.space import Assignment
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.history import append_report
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tuning.tried import Earlier
from mdml_tune.tuning.warm_start import WarmStart, gather

DIGEST = "0123456789abcdef"
SINGLE = ("tsegmentation0", "tdepth0")

Make = Callable[..., Study]


@pytest.fixture
def earlier(tmp_path: Path) -> StudyFolder:
    return Storage.at(str(tmp_path)).study("earlier")


def config_of(study: Study) -> Callable[[Assignment], TrialConfig]:
    return lambda assignment: load_trial(study.space.resolve(assignment))


def begin(
    folder: StudyFolder, study: Study, *, data: str = DIGEST, code: str | None = None
) -> None:
    """An earlier study that has its single-task networks, and one for SCD beside them."""
    about = {"data_digest": data, "code_version": code_version() if code is None else code}
    folder.open(study.values, study.tasks, about)
    methods = {**dict(zip(SINGLE, ("segmentation", "depth"), strict=True)), "te": "equal_weighting"}
    for key, method in methods.items():
        one = TrialRecord(trial_key=key, config_id="c", phase=Phase.BASELINE, seed=0, method=method)
        folder.storage.baseline(key).open(one)
    folder.refer_to(list(methods))


def add(
    folder: StudyFolder,
    study: Study,
    assignment: Mapping[str, Value],
    values: list[float],
    status: Status | None = Status.COMPLETED,
    *,
    seed: int = 0,
    metrics: tuple[str, ...] = ("val/delta_m",),
) -> None:
    config = config_of(study)(dict(assignment))
    number = len(list(folder.path.glob("trials/*")))
    record = TrialRecord(
        trial_key=f"t{config_id(config)}{seed}",
        config_id=config_id(config),
        phase=Phase.SEARCH,
        seed=seed,
        number=number,
        config=plain(config),
    )
    trial = folder.trial(record.trial_key)
    trial.open(record)
    if seed == 0:
        write_json(trial.path / "ask.json", {"assignment": dict(assignment)})
    for epoch, value in enumerate(values, start=1):
        append_report(trial.history, EpochReport(epoch, epoch, dict.fromkeys(metrics, value)))
    if status is not None:
        trial.close(status)


def gathered(study: Study, folder: StudyFolder, **others: object) -> WarmStart:
    known = {"data_digest": DIGEST, "baselines": SINGLE, **others}
    return gather(study, config_of(study), folder, **known)


WEIGHT = "mutual.weight"


def test_completed_and_pruned_trials_are_taken_in_their_order(
    make_study: Make, earlier: StudyFolder
) -> None:
    study = make_study()
    begin(earlier, study)
    add(earlier, study, {WEIGHT: 0.5}, [1.0, 2.0])
    add(earlier, study, {WEIGHT: 0.1}, [-1.0], Status.PRUNED)
    add(earlier, study, {WEIGHT: 2.0}, [], Status.FAILED)
    add(earlier, study, {WEIGHT: 1.0}, [0.5], None)
    add(earlier, study, {WEIGHT: 0.4}, [0.5], metrics=("val/other",))
    add(earlier, study, {WEIGHT: 0.3}, [0.5], Status.PRUNED, metrics=("val/other",))
    found = gathered(study, earlier)
    assert found.taken == (
        Earlier({WEIGHT: 0.5}, Status.COMPLETED, (2.0,), {1: 1.0, 2: 2.0}),
        Earlier({WEIGHT: 0.1}, Status.PRUNED, None, {1: -1.0}),
    )
    assert found.left == {
        "no value: it failed": 1,
        "no value: it has not ended": 1,
        "no value: it does not report val/delta_m": 2,
    }


def test_a_value_is_the_mean_over_seeds_and_one_configuration_counts_once(
    make_study: Make, earlier: StudyFolder
) -> None:
    study = make_study()
    begin(earlier, study)
    for seed, value in enumerate((2.0, 4.0)):
        add(earlier, study, {WEIGHT: 0.5}, [1.0, value], seed=seed)
    add(earlier, study, {WEIGHT: 0.5}, [9.0], None, seed=2)
    (one,) = gathered(study, earlier).taken
    assert (one.values, one.curve) == ((3.0,), {1: 1.0, 2: 2.0})


def test_of_several_objectives_pruned_trials_say_nothing(
    make_study: Make, earlier: StudyFolder
) -> None:
    names = ("delta_m/segmentation", "delta_m/depth")
    study = make_study(search={"objective": list(names), "trials": 3})
    begin(earlier, study)
    metrics = tuple(f"val/{name}" for name in names)
    add(earlier, study, {WEIGHT: 0.5}, [1.0], metrics=metrics)
    add(earlier, study, {WEIGHT: 0.1}, [1.0], Status.PRUNED, metrics=metrics)
    add(earlier, study, {WEIGHT: 0.2}, [1.0], metrics=metrics[:1])
    found = gathered(study, earlier)
    assert found.taken == (Earlier({WEIGHT: 0.5}, Status.COMPLETED, (1.0, 1.0), {}),)
    assert found.left == {
        "pruned, and there are several objectives": 1,
        f"no value: it does not report {', '.join(metrics)}": 1,
    }


@pytest.mark.parametrize(
    ("settings", "others", "reason"),
    [
        ({"data": "other"}, {}, "data differ"),
        ({"code": "other"}, {}, "code differs"),
        ({}, {"baselines": ("tsegmentation0",)}, "other baselines"),
        ({}, {"baselines": (*SINGLE, "tdepth1")}, "other baselines"),
    ],
)
def test_what_cannot_be_compared_is_left_whole(
    make_study: Make,
    earlier: StudyFolder,
    settings: dict[str, str],
    others: dict[str, object],
    reason: str,
) -> None:
    study = make_study()
    begin(earlier, study, **settings)
    add(earlier, study, {WEIGHT: 0.5}, [1.0])
    add(earlier, study, {WEIGHT: 0.1}, [1.0], Status.PRUNED)
    assert gathered(study, earlier, **others) == WarmStart("earlier", (), {reason: 2})


def test_only_what_the_space_could_draw_is_taken(make_study: Make, earlier: StudyFolder) -> None:
    then = make_study()
    now = make_study(trial=then.trial | {"mutual": {"weight": {"log_uniform": [0.1, 1.0]}}})
    begin(earlier, then)
    add(earlier, then, {WEIGHT: 1.0}, [1.0])
    add(earlier, then, {WEIGHT: 2.0}, [1.0])
    add(earlier, then, {WEIGHT: 3.0}, [1.0])
    found = gathered(now, earlier)
    assert [one.assignment for one in found.taken] == [{WEIGHT: 1.0}]
    assert found.left == {"outside this space: mutual.weight, allowed 0.1 to 1": 2}


def test_fixed_values_must_be_the_same(make_study: Make, earlier: StudyFolder) -> None:
    then = make_study()
    now = make_study(trial=then.trial | {"training": {"epochs": 8, "batch_size": 4}})
    begin(earlier, then)
    add(earlier, then, {WEIGHT: 1.0}, [1.0])
    assert gathered(now, earlier).left == {
        "fixed values differ: training.epochs was 4, is 8, training.batch_size was 2, is 4": 1
    }


def test_what_was_fixed_then_may_be_searched_now(make_study: Make, earlier: StudyFolder) -> None:
    then = make_study()
    mutual = {"weight": {"log_uniform": [0.03, 3.0]}, "peers": {"int": [2, 3]}}
    now = make_study(trial=then.trial | {"mutual": mutual})
    begin(earlier, then)
    add(earlier, then, {WEIGHT: 1.0}, [1.0])
    (one,) = gathered(now, earlier).taken
    assert one.assignment == {WEIGHT: 1.0, "mutual.peers": 2}
    elsewhere = make_study(trial=then.trial | {"mutual": mutual | {"peers": {"int": [3, 4]}}})
    found = gathered(elsewhere, earlier)
    assert found.left == {"outside this space: mutual.peers, allowed 3 to 4": 1}


def test_what_was_searched_then_may_be_fixed_now(make_study: Make, earlier: StudyFolder) -> None:
    now = make_study()
    mutual = {"weight": {"log_uniform": [0.03, 3.0]}, "peers": {"int": [2, 3]}}
    then = make_study(trial=now.trial | {"mutual": mutual})
    begin(earlier, then)
    add(earlier, then, {WEIGHT: 1.0, "mutual.peers": 2}, [1.0])
    add(earlier, then, {WEIGHT: 2.0, "mutual.peers": 3}, [1.0])
    found = gathered(now, earlier)
    assert [one.assignment for one in found.taken] == [{WEIGHT: 1.0}]
    assert list(found.left) == ["fixed values differ: mutual.peers was 3, is 2"]


def test_a_choice_that_is_not_offered_is_outside(make_study: Make, earlier: StudyFolder) -> None:
    then = make_study(
        trial=make_study().trial | {"mutual": {"target": {"choice": ["mean", "each"]}}}
    )
    now = make_study(trial=then.trial | {"mutual": {"target": {"choice": ["each"]}}})
    begin(earlier, then)
    add(earlier, then, {"mutual.target": "mean"}, [1.0])
    assert gathered(now, earlier).left == {"outside this space: mutual.target, allowed each": 1}


def test_it_is_written_once_and_read_again(
    make_study: Make, earlier: StudyFolder, tmp_path: Path
) -> None:
    study = make_study()
    begin(earlier, study)
    add(earlier, study, {WEIGHT: 0.5}, [1.0, 2.0])
    add(earlier, study, {WEIGHT: 0.1}, [-1.0], Status.PRUNED)
    add(earlier, study, {WEIGHT: 2.0}, [], Status.FAILED)
    found = gathered(study, earlier)
    write_json(tmp_path / "warm_start.json", found.as_values())
    said = read_json(tmp_path / "warm_start.json")
    assert said is not None
    assert WarmStart.from_values(said) == found
    json.dumps(found.as_values())
    assert replace(found, taken=()) != found


def test_an_earlier_study_that_is_not_there_is_named(
    make_study: Make, earlier: StudyFolder
) -> None:
    with pytest.raises(ReportError, match="no study 'earlier'"):
        gathered(make_study(), earlier)
