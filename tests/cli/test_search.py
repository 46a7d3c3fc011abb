"""The whole journey, as a user makes it: real Ray, real MLflow, files on the disk."""

import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

import mdml_tune

REPOSITORY = Path(mdml_tune.__file__).parents[1]
COLUMNS = [
    "rank", "tier", "config_id", "method", "phase", "split", "status", "seeds", "epochs",
    "delta_m", "delta_m_ci_low", "delta_m_ci_high", "p_best", "delta_m_drop",
    "delta_m/segmentation", "delta_m/depth", "mutual.weight", "mutual.temperature",
    "segmentation/miou", "segmentation/pix_acc", "depth/abs_err", "depth/rel_err",
    "segmentation/miou/std", "segmentation/pix_acc/std", "depth/abs_err/std", "depth/rel_err/std",
    "gpu_hours", "mlflow_run_ids",
]  # fmt: skip

Process = Callable[..., subprocess.CompletedProcess[str]]
Call = Callable[..., tuple[int, str, str]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_the_whole_journey(process: Process, mdml_tune: Call, somewhere: Path) -> None:
    script = [str(REPOSITORY / "mdml_tune" / "search.py")]
    alone = {"RAY_ADDRESS": "local"}  # a test beside this one may run a cluster on this host
    done = process([*script, "small.yaml"], cwd=somewhere, env=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    results = somewhere / "mdml_runs/studies/small/results"
    for said in ("Leaderboard", "Δm", str(results.relative_to(somewhere) / "ranked.csv"), "report.html", "mdml-tune ui"):  # fmt: skip
        assert said in done.stdout
    assert "ended    trial 0" in done.stdout  # one plain line per event where there is no terminal
    assert "\x1b[" not in done.stdout

    frame = pd.read_csv(results / "ranked.csv")
    assert list(frame.columns) == COLUMNS
    assert len(frame) == frame["config_id"].nunique() == 3  # a row per configuration
    assert frame["delta_m"].dtype == float
    assert frame.loc[0, "phase"] == "confirm"
    assert frame.loc[0, "split"] == "test"
    assert frame.loc[0, "seeds"] == 2
    assert (
        frame.loc[0, "delta_m_ci_low"] < frame.loc[0, "delta_m"] < frame.loc[0, "delta_m_ci_high"]
    )
    numbers = frame.select_dtypes("number")
    typed = pd.read_parquet(results / "ranked.parquet")[numbers.columns].astype(float)
    pd.testing.assert_frame_equal(numbers.astype(float), typed)
    for name in ("delta_m.md", "delta_m.tex", "delta_m.csv", "report.html", "figures/anytime.png"):
        assert (results / name).stat().st_size > 0
    check_mlflow(somewhere, frame)

    # Again, as a lone copy of the script from another directory: nothing is trained.
    before = (results / "ranked.csv").read_bytes()
    home = somewhere / "home"
    home.mkdir()
    lone = shutil.copy(REPOSITORY / "mdml_tune" / "search.py", home / "search.py")
    again = [
        str(lone), "../small.yaml", "--storage", "../mdml_runs",
        "--tracking-uri", f"sqlite:///{somewhere}/mlflow.db",
    ]  # fmt: skip
    done = process(again, cwd=home, env={**alone, "PYTHONPATH": str(REPOSITORY)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "started" not in done.stdout
    assert (results / "ranked.csv").read_bytes() == before
    check_mlflow(somewhere, frame)

    check_reading(mdml_tune, somewhere, before)


def check_mlflow(somewhere: Path, frame: pd.DataFrame) -> None:
    """One parent and exactly one child per trial, all ended, each with its whole history."""
    client = MlflowClient(f"sqlite:///{somewhere}/mlflow.db")
    runs = runs_of(somewhere)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert {run.info.status for run in runs} == {"FINISHED"}
    phases = Counter(run.data.tags["mdml.phase"] for run in children)
    assert phases == {"baseline": 4, "search": 3, "confirm": 2}
    assert len({run.data.tags["mdml.trial_key"] for run in children}) == 9
    storage = somewhere / "mdml_runs"
    for run in children:
        key = run.data.tags["mdml.trial_key"]
        (history,) = storage.rglob(f"{key}/history.jsonl")
        epochs = len(history.read_text().splitlines())
        steps = [m.step for m in client.get_metric_history(run.info.run_id, "train/loss")]
        assert steps == list(range(1, epochs + 1))
    listed = ";".join(frame["mlflow_run_ids"]).split(";")
    searched = {r.info.run_id for r in children if r.data.tags["mdml.phase"] != "baseline"}
    assert sorted(listed) == sorted(searched)
    artifacts = {item.path for item in client.list_artifacts(parent.info.run_id, "results")}
    assert {"results/ranked.csv", "results/report.html"} <= artifacts


def runs_of(somewhere: Path) -> list[Run]:
    client = MlflowClient(f"sqlite:///{somewhere}/mlflow.db")
    experiment = client.get_experiment_by_name("small")
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def check_reading(mdml_tune: Call, somewhere: Path, ranked: bytes) -> None:
    """The commands that read a study agree with what the search wrote."""
    code, said, _ = mdml_tune("rank", "small", "--csv", "mine.csv", "--parquet", "mine.parquet")
    assert code == 0
    assert (somewhere / "mine.csv").read_bytes() == ranked
    assert pd.read_parquet("mine.parquet").shape == (3, len(COLUMNS))
    code, said, _ = mdml_tune("table", "small", "--format", "tex")
    assert code == 0
    assert "\\toprule" in said
    code, said, _ = mdml_tune("status", "small")
    assert code == 0
    assert "not running" in said
    assert "confirm   2 completed" in said
    code, said, _ = mdml_tune("report", "small")
    assert code == 0
    assert "report.html" in said
    code, said, _ = mdml_tune("sync", "small")
    assert code == 0
    assert said.startswith("0 metric values sent; 9 trials")
    # The winner can be trained again as it stands in the results, with the study's baselines.
    winner = "mdml_runs/studies/small/results/winner.yaml"
    code, said, errors = mdml_tune("train", winner, "--seed", "1000", "--out", "winner")
    assert code == 0, errors
    assert "val/delta_m" in said
    metrics = pd.read_json(somewhere / "winner/metrics.json", typ="series")
    confirmed = pd.read_csv(somewhere / "mine.csv").loc[0, "depth/abs_err"]
    assert {"val/segmentation/miou", "test/depth/abs_err", "val/ensemble/depth/abs_err"} <= set(metrics.index)  # fmt: skip
    assert metrics["test/depth/abs_err"] == pytest.approx(confirmed, rel=0.5)


def test_ctrl_c_stops_in_order_and_search_goes_on(process: Process, somewhere: Path) -> None:
    said = interrupt(somewhere, signal.SIGINT, exit_code=130)
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert "RUNNING" not in {run.info.status for run in runs_of(somewhere)}
    check_it_goes_on(process, somewhere)


SEARCH = ["-m", "mdml_tune", "search", "small.yaml"]


def interrupt(somewhere: Path, number: signal.Signals, *, exit_code: int) -> str:
    """Start the study, and end the command when the first trial of the search has started."""
    log = somewhere / "log"
    with log.open("w") as file:
        running = subprocess.Popen(
            [sys.executable, *SEARCH],
            cwd=somewhere,
            stdout=file,
            stderr=file,
            preexec_fn=_heeding_ctrl_c,  # noqa: PLW1509 (no threads here yet)
        )
        deadline = time.monotonic() + 300
        while "started  trial 0" not in log.read_text():
            assert running.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        running.send_signal(number)
        assert running.wait(timeout=120) == exit_code, log.read_text()
    return log.read_text()


def check_it_goes_on(process: Process, somewhere: Path) -> None:
    done = process(SEARCH, cwd=somewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "baseline: 4 trials, 4 done before" in done.stdout
    frame = pd.read_csv(somewhere / "mdml_runs/studies/small/results/ranked.csv")
    assert len(frame) == 3
    check_mlflow(somewhere, frame)


def _heeding_ctrl_c() -> None:
    """A shell without job control has its background processes ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_gpu_that_is_not_there_ends_the_command_soon(process: Process, somewhere: Path) -> None:
    start = time.monotonic()
    done = process(
        ["-m", "mdml_tune", "search", "small.yaml", "--set", "resources.gpus=64"], cwd=somewhere
    )
    assert done.returncode == 3, done.stdout + done.stderr
    assert (
        "Each trial asks for 1 CPU and 64 GPU on one node; the cluster's nodes have" in done.stderr
    )
    assert time.monotonic() - start < 90
