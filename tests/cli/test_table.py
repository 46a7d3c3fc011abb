"""`mdml-tune table`: what is asked for, printed or written; what cannot be, said in one message."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from mdml_tune.records import Phase, Scores, Status, TrialRecord
from mdml_tune.storage.studies import Storage
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import METRICS, Task, metrics_of

Call = Callable[..., tuple[int, str, str]]
TASKS = (Task.SEGMENTATION, Task.DEPTH)
SINGLE = {metric.path: 0.5 for metric in metrics_of(TASKS)}


def leave_trial(folder: Path, key: str, phase: Phase, method: str, seed: int, test: Scores) -> None:
    trial = TrialFolder(folder / key)
    trial.open(
        TrialRecord(trial_key=key, config_id=f"c{method}", phase=phase, seed=seed, method=method)
    )
    trial.close(Status.COMPLETED, test=test)


def leave(name: str, gain: float, *, dataset: str = "rooms", recipe: str = "") -> None:
    """A study in the storage of the working directory, as if it had been run on two seeds."""
    storage = Storage.at("mdml_runs")
    folder = storage.study(name)
    folder.open({"trial": {"data": {"dataset": dataset}}}, TASKS, {"data_digest": dataset})
    references: list[str] = []
    for task in TASKS:
        for seed in (0, 1):
            references.append(f"b{task}{seed}{dataset}{recipe}")
            test = {m.path: SINGLE[m.path] * (1 + 0.01 * seed) for m in METRICS[task]}
            leave_trial(storage.baselines, references[-1], Phase.BASELINE, task, seed, test)
    folder.refer_to(references)
    for seed in (0, 1):
        sign = {m.path: 1 if m.higher_is_better else -1 for m in metrics_of(TASKS)}
        test = {path: x * (1 + sign[path] * gain / 100) for path, x in SINGLE.items()}
        leave_trial(folder.path / "trials", f"t{name}{seed}", Phase.CONFIRM, "both", seed, test)


@pytest.fixture(autouse=True)
def studies(somewhere: Path) -> None:
    """Studies `a` and `b` share their single-task networks; `other` and `city` have their own."""
    assert somewhere == Path.cwd()
    leave("a", 2.0)
    leave("b", 4.0)
    leave("other", 3.0, recipe="x")
    leave("city", 3.0, dataset="cityscapes")


def test_one_study_in_markdown(mdml_tune: Call) -> None:
    code, out, err = mdml_tune("table", "a")
    assert (code, err) == (0, "")
    assert out.startswith("a, test split.")
    assert "| Δm gain ↑ [%] | 95 % CI | Δm drop ↓ [%] | seeds |" in out
    assert [line.split(" | ")[0] for line in out.splitlines()[4:]] == ["| single-task", "| both"]
    assert out.endswith("|\n")


def test_studies_side_by_side(mdml_tune: Call) -> None:
    code, out, _ = mdml_tune("table", "a", "other", "b", "a")
    assert code == 0
    labels = [line.split(" | ")[0] for line in out.splitlines() if line.startswith("| ")]
    together = ["|  |", "| :---", "| single-task", "| a: both", "| b: both"]
    assert [label[:12] for label in labels[2:5]] == [label[:12] for label in together[2:]]
    assert labels[-1] == "| both"
    assert "Not in one table with 'a': other single-task networks" in out


def test_csv_of_studies_that_cannot_be_compared_is_refused(mdml_tune: Call) -> None:
    code, out, err = mdml_tune("table", "a", "other", "b", "--format", "csv")
    assert (code, out) == (2, "")
    assert "other single-task networks" in err
    assert "mdml-tune table a b --out a.csv; mdml-tune table other --out other.csv" in err
    code, out, _ = mdml_tune("table", "a", "b", "--format", "csv")
    assert [row["study"] for row in csv.DictReader(io.StringIO(out))] == ["a, b", "a", "b"]


@pytest.mark.parametrize(
    ("asked", "headings"),
    [
        (["gain"], ["delta_m"]),
        (["delta_m_drop"], ["delta_m_drop"]),
        (["primary", "delta_m"], ["delta_m_primary", "delta_m"]),
        (["drop, primary"], ["delta_m_drop", "delta_m_primary"]),
    ],
)
def test_conventions_in_both_spellings(
    mdml_tune: Call, asked: list[str], headings: list[str]
) -> None:
    flags = [word for name in asked for word in ("--convention", name)]
    code, out, _ = mdml_tune("table", "a", "--format", "csv", *flags)
    assert code == 0
    header = out.splitlines()[0].split(",")
    assert [h for h in header if h in {"delta_m", "delta_m_drop", "delta_m_primary"}] == headings
    assert ("delta_m_ci_low" in header) == ("delta_m" in headings)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("t.md", "a, test"), ("t.tex", "% \\use"), ("t.csv", "row,"), ("t.HTML", "<!doctype html>")],
)
def test_out_is_written_in_the_notation_of_its_ending(
    mdml_tune: Call, somewhere: Path, name: str, begins: str
) -> None:
    assert mdml_tune("table", "a", "--out", name) == (0, "", "")
    assert (somewhere / name).read_text().startswith(begins)


def test_the_format_asked_for_wins_over_the_ending(mdml_tune: Call, somewhere: Path) -> None:
    assert mdml_tune("table", "a", "--out", "t.txt", "--format", "csv")[0] == 0
    assert (somewhere / "t.txt").read_text().startswith("row,study,")


def test_excel_is_told_that_a_csv_file_is_utf_8(mdml_tune: Call, somewhere: Path) -> None:
    folder = Storage.at("mdml_runs").study("a").path / "trials"
    leave_trial(folder, "tgreek", Phase.CONFIRM, "β", 0, SINGLE)
    for name in ("t.csv", "t.md"):
        assert mdml_tune("table", "a", "--out", name)[0] == 0
    assert (somewhere / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfrow,")
    assert (somewhere / "t.md").read_bytes().startswith(b"a, test")


def test_published_rows_below(mdml_tune: Call) -> None:
    code, out, _ = mdml_tune("table", "city", "--with-published", "cityscapes-segnet")
    assert code == 0
    assert "**Quoted: Qin et al. 2025, arXiv:2510.18258, appendix; SegNet-MTAN**" in out
    assert "| NTKMTL | 0.7371 | 0.9271 | 0.0136 | 27.21 |" in out


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["nothing"], "There is no study 'nothing'"),
        (["a", "--convention", "best"], "Choose gain (delta_m), drop (delta_m_drop) or primary"),
        (["a", "--out", "t.xlsx"], "Let it end in .md, .tex, .csv, .html, or choose one with"),
        (["a", "--with-published", "nyuv2-segnet"], "is of data set rooms"),
        (["a", "--with-published", "mine"], "Name one of cityscapes-resnet50"),
    ],
)
def test_what_cannot_be_is_one_message(mdml_tune: Call, flags: list[str], said: str) -> None:
    code, out, err = mdml_tune("table", *flags)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_a_study_without_results_says_how_far_it_is(mdml_tune: Call) -> None:
    Storage.at("mdml_runs").study("new").open({}, TASKS, {})
    code, _, err = mdml_tune("table", "a", "new")
    assert code == 2
    assert "mdml-tune status new" in err
