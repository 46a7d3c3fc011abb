"""A recorded trial trained again: the same numbers, or by how much they differ."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from commands import run
from trained import NAME, of, trained_once

from mdml_tune.cli.repeating.circumstances import changed
from mdml_tune.cli.repeating.matching import compare
from mdml_tune.cli.reproduce import reproduce
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.history import rewrite_history

Change = Callable[[EpochReport], dict[str, float]]


def record(*losses: float, test: dict[str, float] | None = None, **other: object) -> TrialRecord:
    history = tuple(
        EpochReport(epoch, 1, {"train/loss": loss, "time/epoch_seconds": 9.0 * epoch})
        for epoch, loss in enumerate(losses, start=1)
    )
    settings = {"status": Status.COMPLETED, "test": test} | other
    return TrialRecord(trial_key="t", config_id="c", phase=Phase.SEARCH, seed=0, history=history, **settings)  # fmt: skip


def test_equal_curves_match_exactly_whatever_the_time_took() -> None:
    again = record(3.0, 2.0, test={"depth/abs_err": 1.0})
    slow = replace(again, history=tuple(replace(r, metrics={**r.metrics, "time/epoch_seconds": 0.5}) for r in again.history))  # fmt: skip
    found = compare(again, slow)
    assert found.verdict(1e-6) == "matched exactly"
    assert (found.epochs, found.values) == (2, 3)


def test_differences_are_relative_to_the_largest_value_of_the_curve() -> None:
    found = compare(record(4.0, 0.0), record(4.0, 2e-6))
    assert found.largest is not None
    assert found.largest.relative == pytest.approx(5e-7)
    assert found.verdict(1e-6).startswith("matched within 1e-06: largest difference 5e-07")
    assert found.verdict(1e-7).startswith("did not match: largest difference 5e-07 (relative) in train/loss at epoch 2")  # fmt: skip
    assert not found.is_exact


def test_what_is_missing_does_not_match() -> None:
    whole = record(3.0, 2.0, test={"depth/abs_err": 1.0})
    assert "ended after 1 of 2 epochs" in compare(whole, record(3.0, test=whole.test)).verdict(1)
    assert "test/depth/abs_err is not measured" in compare(whole, record(3.0, 2.0)).verdict(1)
    less = replace(whole, history=tuple(replace(r, metrics={}) for r in whole.history))
    assert "train/loss is not measured any more at epoch 1" in compare(whole, less).verdict(1)
    assert compare(less, whole).is_exact  # newer code may measure more


def test_not_a_number_is_a_number_like_others() -> None:
    nan = float("nan")
    assert compare(record(nan), record(nan)).is_exact
    assert not compare(record(nan), record(1.0)).is_within(1e9)
    assert not compare(record(0.0), record(1e-9)).is_within(1e9)


def test_to_diverge_is_to_be_reproduced_too() -> None:
    diverged = record(3.0, status=Status.FAILED, failure="diverged at epoch 2")
    assert compare(diverged, diverged).is_exact
    assert "the record diverged, and the other one is completed" in compare(diverged, record(3.0)).verdict(1)  # fmt: skip
    assert "diverged after 2 epochs" in compare(diverged, record(3.0, 2.0, status=Status.FAILED, failure="diverged")).verdict(1)  # fmt: skip


def test_each_thing_that_has_changed_is_named() -> None:
    then = {"git_commit": "a1", "platform": "Linux", "versions": {"torch": "2.9", "numpy": "2.0"}}
    now = {"git_commit": "b2", "platform": "Linux", "versions": {"torch": "2.10", "numpy": "2.0"}}
    assert changed(then, now) == ["the git commit: was a1, is b2", "torch: was 2.9, is 2.10"]
    assert changed(then, then) == []
    dirty = {"git_commit": "a1+dirty"}
    assert changed(dirty, dirty) == ["the git tree has changes that no commit holds, now as then"]


@pytest.fixture
def keys(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A storage ``runs`` of our own in the working directory."""
    location, keys = trained_once(tmp_path_factory)
    shutil.copytree(location, tmp_path / "runs")
    return keys


def again(key: str, *flags: str) -> tuple[int, str]:
    return run(reproduce, key, "--storage", "runs", *flags)


def edit(key: str, change: Change) -> None:
    """Forge what a trial of the study is said to have measured."""
    folder = of(Path("runs")).trial(key)
    reports = [replace(r, metrics={**r.metrics, **change(r)}) for r in folder.record().history]
    rewrite_history(folder.history, reports)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "epochs"),
    [("search", 3), ("pruned", 2), ("confirm", 3), ("distilled", 3), ("depth 1", 3)],
)
def test_every_kind_of_trial_matches_to_the_last_bit(
    keys: dict[str, str], kind: str, epochs: int
) -> None:
    code, said = again(keys[kind])
    assert code == 0, said
    assert "matched exactly" in said
    assert f"epoch {epochs}/{epochs}" in said
    out = Path("runs/reproduced") / keys[kind]
    found = json.loads((out / "comparison.json").read_text())
    assert found["matched"]
    assert found["epochs"] == epochs
    assert found["largest"] is None
    assert (out / "comparison.png").stat().st_size > 1000
    assert not (out / "checkpoints").exists()
    assert not (out / "LOCK").exists()


@pytest.mark.slow
def test_what_differs_is_said_with_where_and_by_how_much(keys: dict[str, str]) -> None:
    edit(keys["search"], lambda r: {"val/delta_m": r.metrics["val/delta_m"] + (r.epoch == 2)})
    code, said = again(keys["search"][:9])
    assert code == 4
    assert "did not match: largest difference" in said
    assert "in val/delta_m at epoch 2" in said
    code, said = again(keys["search"], "--tolerance", "0.1")  # compared anew, not trained anew
    assert code == 0
    assert "matched within 0.1" in said
    assert "epoch 1/3" not in said


@pytest.mark.slow
def test_an_interruption_goes_on(keys: dict[str, str]) -> None:
    assert again(keys["search"], "--out", "twice")[0] == 0
    whole = Path("twice/history.jsonl").read_bytes()
    (Path("twice") / "result.json").unlink()
    rewrite_history(Path("twice/history.jsonl"), of(Path("runs")).trial(keys["search"]).record().history[:1])  # fmt: skip
    code, said = again(keys["search"], "--out", "twice")
    assert code == 0, said
    assert len(Path("twice/history.jsonl").read_bytes().split(b"\n")) == len(whole.split(b"\n"))


@pytest.mark.slow
def test_another_trial_s_folder_is_left_alone(keys: dict[str, str]) -> None:
    folder = of(Path("runs")).trial(keys["search"]).path
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, said = again(keys["pruned"], "--out", str(folder))
    assert code == 2
    assert "holds another trial" in said
    assert before == {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_other_threads_are_warned_of_and_begin_anew(keys: dict[str, str]) -> None:
    assert again(keys["depth 0"])[0] == 0
    code, said = again(keys["depth 0"], "--threads", "2", "--tolerance", "0.01")
    assert code == 0, said
    assert "warning: CPU threads: were 1, are 2" in said
    assert "epoch 1/3" in said


def about_is(name: str, value: object) -> None:
    path = of(Path("runs")).path / "study.json"
    values = read_json(path)
    values["about"][name] = value
    write_json(path, {k: v for k, v in values.items() if k != "schema"})


@pytest.mark.slow
def test_other_data_are_refused(keys: dict[str, str]) -> None:
    about_is("data_digest", "0123456789abcdef")
    code, said = again(keys["search"])
    assert code == 2
    assert "0123456789abcdef" in said
    assert "--data-root" in said
    assert not Path("runs/reproduced").exists()


@pytest.mark.slow
def test_other_code_and_versions_are_warned_of(keys: dict[str, str]) -> None:
    about_is("code_version", "feedfeedfeedfeed")
    about_is("versions", {"torch": "1.0"})
    code, said = again(keys["depth 0"])
    assert code == 0, said
    assert "warning: the code that trains: was feedfeedfeedfeed, is" in said
    assert "warning: torch: was 1.0, is" in said


@pytest.mark.slow
def test_other_teachers_are_warned_of(keys: dict[str, str]) -> None:
    folder = of(Path("runs")).trial(keys["search"]).path
    other = folder.with_name("t" + "0" * 16)
    folder.rename(other)
    who = json.loads((other / "trial.json").read_text())
    (other / "trial.json").write_text(json.dumps(who | {"trial_key": other.name}))
    code, said = again(other.name)
    assert code == 0, said
    assert "warning: the networks that it learnt from" in said


@pytest.mark.slow
def test_a_missing_baseline_or_teacher_is_named(keys: dict[str, str]) -> None:
    shutil.rmtree(f"runs/baselines/{keys['depth 1']}/checkpoints")
    code, said = again(keys["distilled"])
    assert code == 3
    assert keys["depth 1"] in said
    assert "no checkpoint" in said
    shutil.rmtree(f"runs/baselines/{keys['depth 1']}")
    code, said = again(keys["search"])
    assert code == 3
    assert f"1 of the baselines ({keys['depth 1']}) of study '{NAME}'" in said


@pytest.mark.slow
def test_a_trial_that_is_not_there(keys: dict[str, str]) -> None:
    wrong = keys["search"][:-1] + "x"
    code, said = again(wrong)
    assert code == 2
    assert f"There is no trial {wrong}" in said
    assert f"did you mean {keys['search']}?" in said
