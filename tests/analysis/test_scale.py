"""A study of 2,000 trials with 60 epochs and 30 metrics is read in seconds, within a GiB.

Times are of the processor, not of the clock, and the bounds leave room for a machine that does
other things: ``benchmarks/scale.py`` tells the real figures. The study here is smaller, and what a
trial costs is held to its share.
"""

import json
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from synthetic import rich_study

from mdml_tune.analysis.export import write_csv
from mdml_tune.analysis.figures.catalogue import CATALOGUE
from mdml_tune.analysis.frame import ranked_frame
from mdml_tune.analysis.ranking import rank
from mdml_tune.analysis.subject import load_subject, subject_of
from mdml_tune.analysis.tables.leaderboard import leaderboard
from mdml_tune.storage.history import read_history
from mdml_tune.storage.studies import Storage, StudyFolder

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "scale.py"

TRIALS, EPOCHS = 120, 60
LARGE = 2000

pytestmark = pytest.mark.slow


def benchmark(*words: str) -> str:
    command = [sys.executable, str(BENCHMARK), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    path = tmp_path_factory.mktemp("runs")
    benchmark("write", str(path), "--trials", str(TRIALS), "--epochs", str(EPOCHS))
    return Storage(path).study("large")


def seconds_of(*works: Callable[[], object]) -> list[float]:
    """CPU time of each in its best run; taken in turns, since the others were disturbed."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(5):
        for times, work in zip(found, works, strict=True):
            began = time.process_time()
            work()
            times.append(time.process_time() - began)
    return [min(times) for times in found]


def test_reading_costs_less_than_json_alone_would(large: StudyFolder) -> None:
    lines = [
        line
        for path in large.path.glob("trials/*/history.jsonl")
        for line in path.read_bytes().splitlines()
    ]
    ours, plain = seconds_of(large.record, lambda: [json.loads(line) for line in lines])
    assert ours < plain


def test_reading_keeps_little_beside_the_numbers(large: StudyFolder) -> None:
    tracemalloc.start()
    record = large.record()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    reports = sum(len(trial.history) for trial in record.trials)
    assert reports == (TRIALS + 15) * EPOCHS
    assert kept / reports < 2500  # 30 floats of 24 bytes, and a dictionary of them
    assert peak < 1.1 * kept


def test_ranking_and_export_of_2000_trials_take_seconds(large: StudyFolder, tmp_path: Path) -> None:
    def work() -> None:
        subject = load_subject(large)
        write_csv(ranked_frame(subject.study, subject.rows), tmp_path / "ranked.csv")

    (seconds,) = seconds_of(work)
    assert seconds * LARGE / TRIALS < 10


def calls_of(work: Callable[[], object]) -> int:
    """How many functions it calls: unlike its time, the same on any machine at any moment."""
    found = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal found
        found += event == "call"

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def test_four_times_the_trials_are_four_times_the_work() -> None:
    def calls(count: int) -> int:
        record = rich_study(count, epochs=3)

        def work() -> None:
            subject = subject_of(record)
            ranked_frame(record, subject.rows)
            leaderboard(subject.rows)
            for entry in CATALOGUE:
                entry.draw(subject)

        return calls_of(work)

    calls(40)  # loads what is loaded on first use
    few, more, most = calls(50), calls(200), calls(800)
    assert most - more < 5 * (more - few)  # 4 times, and of a square law 16 times


@pytest.mark.parametrize(
    ("words", "seconds", "megabytes"),
    [(["rank", "--csv", "ranked.csv"], 8, 400), (["report"], 20, 600)],
)
def test_a_command_in_a_process_of_its_own(
    large: StudyFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    seconds: float,
    megabytes: float,
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = str(large.storage.path)
    _, process, memory = json.loads(benchmark("run", "--", *words, "large", "--storage", storage))
    reports = (LARGE - TRIALS) * EPOCHS
    assert process < seconds
    assert memory < megabytes
    assert memory + reports * 2500 / 1e6 < 1024


def test_the_benchmark_writes_what_a_search_would(large: StudyFolder) -> None:
    record = large.record()
    assert len(record.baselines) == 9
    assert {len(trial.history) for trial in record.trials} == {EPOCHS}
    assert len(record.trials[0].history[0].metrics) == 30
    assert len({trial.config_id for trial in record.trials}) == TRIALS
    best = rank(record)[0]
    assert best.seeds == 3
    assert best.interval is not None
    assert read_history(large.trial(best.trials[0].trial_key).history) == best.trials[0].history
