"""A study in a process of its own, killed again and again, and what must come out of it."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
import pandas as pd

PHASES = ("baseline", "search", "confirm")

LONGEST_DELAY_S = 2.0
"""Between the line after which a kill is due, and the kill."""

STUDY = """\
study: small
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 8, val_size: 4, test_size: 4,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: 9, batch_size: 2}
  mutual:
    weight: {log_uniform: [0.03, 3.0]}
    temperature: {uniform: [1, 6]}
baseline: {seeds: 2}
search:
  trials: 6
  sampler: {kind: tpe, startup_trials: 2}
  stages: [{seeds: 1}, {seeds: 2, top: 2}]
  early_stopping: {kind: asha, grace_epochs: 2, reduction: 2}
confirm: {top: 2, seeds: 2}
"""


@dataclass(slots=True)
class Place:
    """A working directory with the study in it."""

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    log: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        (self.path / "small.yaml").write_text(STUDY)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """``mdml-tune search small.yaml`` in a session of its own, one trial at a time."""
        return subprocess.Popen(
            [sys.executable, "-m", "mdml_tune", "search", "small.yaml", "--concurrency", "1", *arguments],
            cwd=self.path,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> int:
        """To its end; the exit code."""
        process = self.start(*arguments)
        said, _ = process.communicate(timeout=900)
        self.log += said.splitlines()
        return process.returncode

    def run_until(self, phase: str, lines: int, delay_s: float) -> str | None:
        """Kill it ``delay_s`` after so many lines of ``phase``; where it was, or none if it ended."""
        process = self.start()
        seen: list[str] = []
        due = threading.Event()
        reader = threading.Thread(target=self._read, args=(process, seen, phase, lines, due))
        reader.start()
        while process.poll() is None and not due.wait(0.05):
            pass
        if process.poll() is None:
            time.sleep(delay_s)
        killed = process.poll() is None
        if killed:
            os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        reader.join(timeout=60)  # workers hold the other end until they notice
        if process.stdout is not None:
            process.stdout.close()
        self.log += seen
        if not killed:
            assert process.returncode == 0, "\n".join(self.log[-30:])
        return f"after {seen[-1]!r}" if killed and seen else ("at its start" if killed else None)

    def run_for(self, seconds: float) -> str | None:
        """Kill it so long after its start; where it was, or none if it ended before."""
        process = self.start()
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            said, _ = process.communicate(timeout=120)
            self.log += said.splitlines()
            return f"{seconds:.1f} s after its start"
        self.log += said.splitlines()
        assert process.returncode == 0, "\n".join(self.log[-30:])
        return None

    def _read(
        self,
        process: subprocess.Popen[str],
        seen: list[str],
        phase: str,
        lines: int,
        due: threading.Event,
    ) -> None:
        assert process.stdout is not None
        now, count = "", 0
        for line in process.stdout:
            seen.append(line.rstrip())
            now = next((name for name in PHASES if line.startswith(f"{name}:")), now)
            # A phase that was over before is left at once: then the next one will do.
            count += now == phase or (bool(now) and PHASES.index(now) > PHASES.index(phase))
            if count >= lines:
                due.set()

    @property
    def ranked(self) -> pd.DataFrame:
        found = pd.read_csv(
            self.path / "mdml_runs" / "studies" / "small" / "results" / "ranked.csv"
        )
        return found.drop(columns=["gpu_hours", "mlflow_run_ids"])

    @property
    def tracking_uri(self) -> str:
        return self.environment.get("MLFLOW_TRACKING_URI", f"sqlite:///{self.path / 'mlflow.db'}")

    def runs(self) -> "Runs":
        return Runs.of(self.tracking_uri)

    def leftovers(self) -> list[str]:
        """Drafts and locks that nobody holds."""
        found = (self.path / "mdml_runs").rglob("*")
        return sorted(str(path) for path in found if path.suffix == ".tmp" or path.name == "LOCK")


@dataclass(frozen=True)
class Runs:
    """What MLflow holds of a study."""

    statuses: Counter[str]
    metrics: dict[str, dict[tuple[str, int], list[float]]]
    """By trial key: metric and step -> every value that stands there."""

    @classmethod
    def of(cls, uri: str) -> "Runs":
        client = mlflow.MlflowClient(uri)
        experiment = client.get_experiment_by_name("small")
        assert experiment is not None
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        metrics: dict[str, dict[tuple[str, int], list[float]]] = {}
        for run in runs:
            key = run.data.tags.get("mdml.trial_key", "the study")
            assert key not in metrics, f"two runs of {key}"
            points = metrics.setdefault(key, {})
            for name in run.data.metrics:
                if not name.startswith("time/"):
                    for point in client.get_metric_history(run.info.run_id, name):
                        points.setdefault((name, point.step), []).append(point.value)
        return cls(Counter(run.info.status for run in runs), metrics)


def kill_often(place: Place, kills: int, seed: int) -> list[str]:
    """Run the study, killed ``kills`` times at random moments of all phases; where that was.

    One that has come to its end meanwhile is begun again, and killed while it starts or writes its
    report once more.
    """
    chance = random.Random(seed)
    where: list[str] = []
    for index in range(kills):
        lines = chance.randint(1, 3)
        phase = PHASES[index * 3 // kills]
        killed = place.run_until(phase, lines, chance.uniform(0, LONGEST_DELAY_S))
        if killed is None:
            break
        where.append(killed)
    seconds = 8.0
    while len(where) < kills:
        killed = place.run_for(chance.uniform(0.5, seconds))
        if killed is None:
            seconds *= 0.8  # it ended before: a quicker machine
        else:
            where.append(killed)
    return where
