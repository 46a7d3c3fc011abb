"""A trial from start to end, through kills, and what it leaves behind."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch

from mdml_tune import trial as trial_module
from mdml_tune.config.identity import config_id
from mdml_tune.config.load import single_task
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.delta_m import delta_m
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.storage.history import read_history
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task, metrics_of
from mdml_tune.training.checkpoint import load_checkpoint
from mdml_tune.trial import TrialContext, predictions, run_trial, score_test

Tiny = Callable[..., TrialConfig]
Start = Callable[..., TrialContext]

TASKS = (Task.SEGMENTATION, Task.DEPTH)

drawn_once = cache(load_split)


@pytest.fixture(autouse=True)
def draw_scenes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the time of these trials would go into their scenes, which are always the same."""
    monkeypatch.setattr(trial_module, "load_split", drawn_once)


@pytest.fixture
def config(tiny: Tiny) -> TrialConfig:
    return tiny(TASKS)


def opened(path: Path, config: TrialConfig, *, seed: int = 0, **options: object) -> TrialContext:
    folder = TrialFolder(path)
    folder.open(
        TrialRecord(
            trial_key=path.name,
            config_id=config_id(config),
            phase=Phase.SEARCH,
            seed=seed,
            config=plain(config),
        )
    )
    return TrialContext(seed=seed, folder=folder, **options)


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Opens the folder of a trial."""

    def build(config: TrialConfig, name: str = "trial", **options: object) -> TrialContext:
        return opened(tmp_path / name, config, **options)

    return build


def ignore(_: EpochReport) -> None:
    pass


def numbers(record: TrialRecord) -> list[dict[str, float]]:
    """The reports without what the clock says."""
    return [
        {k: v for k, v in report.metrics.items() if not k.startswith("time/")}
        for report in record.history
    ]


# ---------------------------------------------------------------- the end


@pytest.mark.parametrize(
    "mutual",
    [
        None,
        {"peers": 1},
        {"peers": 2},
        {"peers": 3, "update": "alternating", "warmup_epochs": 1},
    ],
)
def test_a_trial_leaves_a_report_per_epoch_and_a_record(
    tiny: Tiny, start: Start, mutual: Mapping[str, object] | None
) -> None:
    config = tiny([task.value for task in Task], mutual=mutual)
    context = start(config)
    told: list[EpochReport] = []
    record = run_trial(config, context, told.append)

    assert record == context.folder.record()
    assert record.status is Status.COMPLETED
    assert record.failure is None
    assert record.test is None
    assert [report.epoch for report in record.history] == [1, 2, 3]
    assert record.history == tuple(told)
    assert record.seconds > 0
    scores = record.scores("val")
    assert {metric.path for metric in metrics_of(Task)} <= set(scores)
    assert any(name.startswith("ensemble/") for name in scores) == (config.peers > 1)


def test_reports_are_on_the_disk_when_they_are_told(config: TrialConfig, start: Start) -> None:
    context = start(config)

    def look(report: EpochReport) -> None:
        assert read_history(context.folder.history)[-1] == report

    run_trial(config, context, look)


def test_a_seed_fixes_the_trial(config: TrialConfig, start: Start) -> None:
    first = run_trial(config, start(config, "a", seed=7), ignore)
    second = run_trial(config, start(config, "b", seed=7), ignore)
    other = run_trial(config, start(config, "c", seed=8), ignore)
    assert numbers(first) == numbers(second)
    assert numbers(first)[0] != numbers(other)[0]


def test_an_ended_trial_is_not_run_again(config: TrialConfig, start: Start) -> None:
    context = start(config)
    record = run_trial(config, context, ignore)
    before = {p: p.stat().st_mtime_ns for p in context.folder.path.rglob("*")}

    def never(_: EpochReport) -> None:
        raise AssertionError

    assert run_trial(config, context, never) == record
    assert {p: p.stat().st_mtime_ns for p in context.folder.path.rglob("*")} == before


@pytest.mark.parametrize("checkpoint_seconds", [0, 1e9])
@pytest.mark.parametrize("keep", [True, False])
def test_the_checkpoint_stays_only_where_it_is_wanted(
    config: TrialConfig, start: Start, *, keep: bool, checkpoint_seconds: float
) -> None:
    context = start(config, keep_checkpoint=keep, checkpoint_seconds=checkpoint_seconds)
    run_trial(config, context, ignore)
    saved = load_checkpoint(context.folder.checkpoints)
    assert (saved is not None) == keep
    assert context.folder.checkpoints.exists() == keep
    if saved is not None:
        assert saved[0] == 3


def test_delta_m_is_measured_against_the_baseline_given(config: TrialConfig, start: Start) -> None:
    baseline = {"segmentation/miou": 0.2, "segmentation/pix_acc": 0.4}
    baseline |= {"depth/abs_err": 1.5, "depth/rel_err": 0.5}
    record = run_trial(config, start(config, baseline=baseline), ignore)
    scores = record.scores("val")
    assert scores["delta_m"] == delta_m(scores, baseline, TASKS)
    plainly = run_trial(config, start(config, "plain"), ignore)
    assert not any("delta_m" in name for name in plainly.last.metrics)
    assert numbers(plainly)[-1].items() <= numbers(record)[-1].items()


# ---------------------------------------------------------------- test scores


def test_test_split_is_read_only_when_asked_for(
    config: TrialConfig, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[SplitName] = []

    def spy(data: object, split: SplitName, root: Path | None) -> Examples:
        read.append(split)
        return load_split(data, split, root)

    monkeypatch.setattr(trial_module, "load_split", spy)
    run_trial(config, start(config, "search"), ignore)
    assert SplitName.TEST not in read
    run_trial(config, start(config, "confirm", read_test=True), ignore)
    assert SplitName.TEST in read


def test_test_scores_are_of_the_network_the_mean_and_the_ensemble(
    config: TrialConfig, start: Start
) -> None:
    record = run_trial(config, start(config, read_test=True), ignore)
    paths = {metric.path for metric in metrics_of(TASKS)}
    assert set(record.test) == {
        f"{who}{path}" for path in paths for who in ("", "peers_mean/", "ensemble/")
    }
    assert all(record.test[path] != record.scores("val")[path] for path in ("depth/abs_err",))
    assert record.scores("test") == record.test


def test_test_scores_may_be_read_later_from_the_checkpoint(
    config: TrialConfig, start: Start
) -> None:
    at_once = run_trial(config, start(config, "confirm", read_test=True), ignore)
    context = start(config, "baseline", keep_checkpoint=True)
    before = run_trial(config, context, ignore)
    assert before.test is None
    later = score_test(config, context)
    assert later.test == at_once.test
    assert later == replace(before, test=at_once.test)
    assert context.folder.record() == later


def test_test_scores_are_not_computed_twice(config: TrialConfig, start: Start) -> None:
    context = start(config, read_test=True)
    record = run_trial(config, context, ignore)
    assert score_test(config, context) == record  # there is no checkpoint to do it from


def test_without_a_checkpoint_there_are_no_later_test_scores(
    config: TrialConfig, start: Start
) -> None:
    context = start(config)
    run_trial(config, context, ignore)
    with pytest.raises(FileNotFoundError, match="No whole checkpoint"):
        score_test(config, context)


# ---------------------------------------------------------------- kills


class Killed(BaseException):
    """Nothing in between may catch it."""


def kill_at(epoch: int, told: list[EpochReport]) -> Callable[[EpochReport], None]:
    def on_epoch(report: EpochReport) -> None:
        told.append(report)
        if report.epoch == epoch:
            raise Killed

    return on_epoch


@pytest.fixture(scope="module")
def four_epochs(tiny: Tiny) -> TrialConfig:
    return tiny(TASKS, training={"epochs": 4}, mutual={"peers": 2, "warmup_epochs": 1})


@pytest.fixture(scope="module")
def uninterrupted(
    four_epochs: TrialConfig, tmp_path_factory: pytest.TempPathFactory
) -> TrialRecord:
    context = opened(tmp_path_factory.mktemp("trials") / "whole", four_epochs, read_test=True)
    return run_trial(four_epochs, context, ignore)


@pytest.mark.parametrize(
    ("epoch", "checkpoint_seconds"), [(1, 0), (2, 0), (3, 0), (4, 0), (1, 1e9), (4, 1e9)]
)
def test_resumed_is_bit_for_bit_as_if_never_killed(
    four_epochs: TrialConfig,
    start: Start,
    uninterrupted: TrialRecord,
    epoch: int,
    checkpoint_seconds: float,
) -> None:
    context = start(four_epochs, read_test=True, checkpoint_seconds=checkpoint_seconds)
    before: list[EpochReport] = []
    with pytest.raises(Killed):
        run_trial(four_epochs, context, kill_at(epoch, before))
    interrupted = context.folder.record()
    assert interrupted.status is Status.RUNNING
    assert [report.epoch for report in interrupted.history] == list(range(1, epoch + 1))
    settled = context.folder.settled_epochs()
    assert settled == (epoch if checkpoint_seconds == 0 else 0)

    time.sleep(0.005)  # so that a new timestamp would be another
    after: list[EpochReport] = []
    record = run_trial(four_epochs, context, after.append)
    assert numbers(record) == numbers(uninterrupted)
    assert record.test == uninterrupted.test
    assert record.status is Status.COMPLETED
    # Only what was not settled is done again, under its first timestamp.
    assert [report.epoch for report in after] == list(range(settled + 1, 5))
    assert [report.epoch for report in record.history] == [1, 2, 3, 4]
    assert record.history[:settled] == tuple(before[:settled])
    born = [report.timestamp_ms for report in before]
    assert [report.timestamp_ms for report in record.history[:epoch]] == born


FEATURES = {"queue": [["depth"], ["segmentation"]], "stage_epochs": 1, "distil": "features"}
SEGNET = {"network": {"kind": "segnet", "width": 4}, "data": {"image_size": [32, 32]}}
DROPPING = {"network": {"kind": "unet", "width": 4, "dropout": 0.4}}

WAYS: dict[str, dict[str, object]] = {
    "peers with scd": {"scd": FEATURES, "data": {"augmentation": "flip_and_scale"}},
    "unlike peers with a ramp": {
        "mutual": {
            "peers": [{"kind": "unet", "width": 4}, {"kind": "unet", "width": 8}],
            "ramp": 2,
            "fusion": "convex",
            "weight": 0.5,
        }
    },
    "alternating with batch norm": {"mutual": {"update": "alternating"}, **SEGNET},
    "okd": {"mutual": None, "okd_mtl": {"warmup_epochs": 1}},
    "r-drop": {"mutual": None, "r_drop": {}, **DROPPING},
    "dropout and accumulate": {"training": {"batch_size": 1, "accumulate": 2}, **DROPPING},
    **{
        kind: {"weighting": {"kind": kind}, "mutual": None}
        for kind in ("dwa", "uncertainty", "rlw", "famo", "gradnorm", "pcgrad", "graddrop")
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_training_resumes_bit_for_bit(
    tiny: Tiny, start: Start, tmp_path: Path, way: str
) -> None:
    sections = dict(WAYS[way])
    training = {"epochs": 4, "batch_size": 4, **sections.pop("training", {})}
    config = tiny(TASKS, training=training, **sections)
    teachers = {}
    for task in TASKS if config.scd is not None else ():
        alone = single_task(config, task)
        run_trial(alone, start(alone, f"baseline-{task}", keep_checkpoint=True), ignore)
        teachers[task] = tmp_path / f"baseline-{task}"
    context, whole = (
        start(config, name, teachers=teachers, checkpoint_seconds=0, keep_checkpoint=True)
        for name in ("killed", "whole")
    )
    expected = run_trial(config, whole, ignore)
    with pytest.raises(Killed):
        run_trial(config, context, kill_at(2, []))
    torch.rand(3)
    after: list[EpochReport] = []
    record = run_trial(config, context, after.append)
    assert [report.epoch for report in after] == [3, 4]
    assert numbers(record) == numbers(expected)
    assert same(*(load_checkpoint(one.folder.checkpoints) for one in (context, whole)))


def same(first: object, second: object) -> bool:
    """Whether nested plain values and tensors are equal to the last bit."""
    match first, second:
        case torch.Tensor(), torch.Tensor():
            return torch.equal(first, second)
        case dict(), dict():
            return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
        case ((list() | tuple()), (list() | tuple())):
            return len(first) == len(second) and all(map(same, first, second))
        case _:
            return first == second


def test_killed_after_every_epoch(
    four_epochs: TrialConfig, start: Start, uninterrupted: TrialRecord
) -> None:
    context = start(four_epochs, read_test=True, checkpoint_seconds=0)
    for epoch in (1, 2, 3, 4):
        told: list[EpochReport] = []
        with pytest.raises(Killed):
            run_trial(four_epochs, context, kill_at(epoch, told))
        assert [report.epoch for report in told] == [epoch]
    record = run_trial(four_epochs, context, kill_at(1, []))
    assert numbers(record) == numbers(uninterrupted)
    assert record.test == uninterrupted.test


@pytest.mark.parametrize("torn", [b'{"epoch": 2, "timesta', b'{"epoch": 2, "timestamp_ms": 5}'])
@pytest.mark.parametrize("lines", [0, 1])
def test_a_line_of_history_torn_by_a_kill_does_no_harm(
    four_epochs: TrialConfig, start: Start, uninterrupted: TrialRecord, lines: int, torn: bytes
) -> None:
    context = start(four_epochs, checkpoint_seconds=0)
    with pytest.raises(Killed):
        run_trial(four_epochs, context, kill_at(1, []))
    whole = context.folder.history.read_bytes()
    if not lines:  # killed in the first epoch, before there was a checkpoint
        trial_module.drop_checkpoints(context.folder.checkpoints)
    context.folder.history.write_bytes(whole * lines + torn)
    assert numbers(run_trial(four_epochs, context, ignore)) == numbers(uninterrupted)


def test_killed_while_the_checkpoint_was_saved(
    four_epochs: TrialConfig,
    start: Start,
    uninterrupted: TrialRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The report of epoch 3 is on the disk, its checkpoint is not.
    context = start(four_epochs, checkpoint_seconds=0)
    save = trial_module.save_checkpoint

    def killed(folder: Path, epoch: int, state: dict[str, object]) -> None:
        if epoch == 3:
            raise Killed
        save(folder, epoch, state)

    with monkeypatch.context() as patch:
        patch.setattr(trial_module, "save_checkpoint", killed)
        with pytest.raises(Killed):
            run_trial(four_epochs, context, ignore)
    interrupted = context.folder.record()
    assert len(interrupted.history) == 3
    assert context.folder.settled_epochs() == 2
    record = run_trial(four_epochs, context, ignore)
    assert numbers(record) == numbers(uninterrupted)
    assert record.history[2].timestamp_ms == interrupted.history[2].timestamp_ms


@pytest.mark.parametrize("damaged", [["00002"], ["00001", "00002"]])
def test_a_damaged_checkpoint_costs_time_and_nothing_else(
    four_epochs: TrialConfig, start: Start, uninterrupted: TrialRecord, damaged: list[str]
) -> None:
    context = start(four_epochs, checkpoint_seconds=0)
    with pytest.raises(Killed):
        run_trial(four_epochs, context, kill_at(2, []))
    for name in damaged:
        (context.folder.checkpoints / name / "state.pt").write_bytes(b"")
    told: list[EpochReport] = []
    record = run_trial(four_epochs, context, told.append)
    assert [report.epoch for report in told] == ([2, 3, 4] if len(damaged) == 1 else [1, 2, 3, 4])
    assert numbers(record) == numbers(uninterrupted)


def test_checkpoints_are_not_taken_more_often_than_asked(
    four_epochs: TrialConfig, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    monkeypatch.setattr(trial_module, "save_checkpoint", lambda *args: saved.append(args[1]))
    run_trial(four_epochs, start(four_epochs, "often", checkpoint_seconds=0), ignore)
    assert saved == [1, 2, 3, 4]
    saved.clear()
    run_trial(four_epochs, start(four_epochs, "never", checkpoint_seconds=1e9), ignore)
    assert not saved


# ---------------------------------------------------------------- divergence


def test_a_diverged_trial_fails_and_says_where(tiny: Tiny, start: Start) -> None:
    explosive = {"optimizer": {"kind": "sgd", "learning_rate": 1e30}}
    config = tiny(TASKS, training=explosive)
    context = start(config, keep_checkpoint=True, checkpoint_seconds=0)
    record = run_trial(config, context, ignore)
    assert record.status is Status.FAILED
    assert record == context.folder.record()
    epoch = len(record.history) + 1
    assert record.failure.startswith(f"diverged in epoch {epoch}: ")
    assert record.failure.endswith(("is nan", "is inf", "is -inf"))
    assert not context.folder.checkpoints.exists()
    # Asked again, it does not try again.
    assert run_trial(config, context, ignore) == record


def test_what_was_measured_before_a_divergence_is_kept(
    config: TrialConfig, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = start(config)
    healthy = trial_module.Trainer.run_epoch

    def broken_in_epoch_2(trainer: trial_module.Trainer) -> dict[str, float]:
        if trainer.epoch == 1:
            nothing = torch.full_like(trainer.train.images, math.nan)
            trainer.train = replace(trainer.train, images=nothing)
        return healthy(trainer)

    monkeypatch.setattr(trial_module.Trainer, "run_epoch", broken_in_epoch_2)
    record = run_trial(config, context, ignore)
    assert record.status is Status.FAILED
    assert record.failure == "diverged in epoch 2: train/loss is nan"
    assert [report.epoch for report in record.history] == [1]


def test_other_errors_are_bugs_and_leave_the_trial_to_be_resumed(
    config: TrialConfig, start: Start
) -> None:
    context = start(config)

    def broken(_: EpochReport) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_trial(config, context, broken)
    assert context.folder.record().status is Status.RUNNING


CPU_IS_FULL = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 8 bytes."
)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory."), CPU_IS_FULL, MemoryError()]
)
def test_a_batch_that_does_not_fit_fails_the_trial_and_says_what_to_change(
    config: TrialConfig, start: Start, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr("mdml_tune.training.trainer.simultaneous_step", full)
    context = start(config)
    record = run_trial(config, context, ignore)
    assert record.status is Status.FAILED
    assert record.crashed
    assert record.failure.startswith("out of memory: training.batch_size 2 did not fit with 2 ")
    assert record == context.folder.record()
    assert run_trial(config, context, ignore) == record


def test_another_error_of_torch_is_a_bug(
    config: TrialConfig, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("The size of tensor a (3) must match the size of tensor b (4)")

    monkeypatch.setattr("mdml_tune.training.trainer.simultaneous_step", broken)
    context = start(config)
    with pytest.raises(RuntimeError, match="size of tensor"):
        run_trial(config, context, ignore)
    assert context.folder.record().status is Status.RUNNING


# ---------------------------------------------------------------- predictions


def test_saved_predictions_are_of_the_reported_network(tiny: Tiny, start: Start) -> None:
    config = tiny(TASKS, mutual={"weight": 0.5}, training={"epochs": 2})
    context = start(config, keep_checkpoint=True, read_test=True)
    record = run_trial(config, context, ignore)
    arrays = predictions(config, context)
    assert set(arrays) == {
        f"{split}/{task}/{what}"
        for split in ("val", "test")
        for task in TASKS
        for what in ("prediction", "target", "valid")
    }
    for split in ("val", "test"):
        scores = record.scores(split)
        said, target, valid = (
            arrays[f"{split}/depth/{what}"] for what in ("prediction", "target", "valid")
        )
        error = abs(said.astype(float) - target)[valid[:, None]].mean()
        assert scores["depth/abs_err"] == pytest.approx(error, rel=1e-6)
        said, target, valid = (
            arrays[f"{split}/segmentation/{what}"] for what in ("prediction", "target", "valid")
        )
        assert scores["segmentation/pix_acc"] == pytest.approx((said == target)[valid].mean())
    test = load_split(config.data, SplitName.TEST, None)
    everything = test.batch(torch.arange(len(test)))
    assert (arrays["test/depth/target"] == everything.targets[Task.DEPTH].numpy()).all()


def test_without_a_checkpoint_there_are_no_predictions(config: TrialConfig, start: Start) -> None:
    context = start(config)
    run_trial(config, context, ignore)
    with pytest.raises(FileNotFoundError, match="No whole checkpoint"):
        predictions(config, context)


# ---------------------------------------------------------------- odds


def test_a_trial_must_be_opened_first(config: TrialConfig, tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="No trial was opened"):
        score_test(config, TrialContext(seed=0, folder=folder))


def test_histories_hold_finite_numbers_alone(config: TrialConfig, start: Start) -> None:
    # Strict JSON, readable by anything.
    context = start(config)
    run_trial(config, context, ignore)
    for line in context.folder.history.read_text().splitlines():
        json.loads(line, parse_constant=pytest.fail)


def test_a_trial_uses_the_threads_it_was_given(
    config: TrialConfig, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    run_trial(config, start(config, threads=3), ignore)
    assert given == [3]
