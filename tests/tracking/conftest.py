"""Studies written by hand, and stores to publish them to."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from mlflow_server import HttpServer

from mdml_tune.records import EpochReport, Phase, Scores, Status, TrialRecord
from mdml_tune.storage.atomic import write_json
from mdml_tune.storage.history import rewrite_history
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.tracking.check import check_tracking

BIRTH_MS = 1_700_000_000_000
CONFIG = {
    "data": {"dataset": "rooms", "image_size": [48, 64]},
    "mutual": {"weight": {"depth": 1.0}, "update": "simultaneous"},
    "scd": None,
    "networks": [{"kind": "unet"}, {"kind": "segnet"}],
}


def report(epoch: int) -> EpochReport:
    metrics = {"train/loss": 1 / epoch, "val/delta_m": float(epoch), "time/epoch_seconds": 2.0}
    return EpochReport(epoch, BIRTH_MS + 2000 * epoch, metrics)


@dataclass
class Study:
    """A study that grows by hand."""

    folder: StudyFolder
    baselines: list[str] = field(default_factory=list)

    def trial(self, key: str, *, epochs: int = 0, settled: int | None = None, **who) -> TrialFolder:
        """Open a trial with some epochs; all of them are settled unless said otherwise."""
        phase = who.setdefault("phase", Phase.SEARCH)
        who.setdefault("number", 0 if phase is Phase.SEARCH else None)
        who = {"config_id": "c12ab", "seed": 0, "config": CONFIG} | who
        is_baseline = phase is Phase.BASELINE
        trial = self.folder.storage.baseline(key) if is_baseline else self.folder.trial(key)
        if is_baseline:
            self.baselines.append(key)
            self.folder.refer_to(self.baselines)
        trial.open(TrialRecord(trial_key=key, **who))
        self.grow(trial, epochs, settled)
        return trial

    def grow(self, trial: TrialFolder, to: int, settled: int | None = None) -> None:
        done = trial.record().history
        rewrite_history(trial.history, [*done, *map(report, range(len(done) + 1, to + 1))])
        self.settle(trial, to if settled is None else settled)

    def settle(self, trial: TrialFolder, epochs: int) -> None:
        write_json(trial.checkpoints / "LATEST", {"epoch": epochs})

    def ended(
        self,
        key: str,
        *,
        epochs: int = 2,
        status: Status = Status.COMPLETED,
        failure: str | None = None,
        test: Scores | None = None,
        **who,
    ) -> TrialFolder:
        trial = self.trial(key, epochs=epochs, **who)
        trial.close(status, failure=failure, test=test)
        return trial


@pytest.fixture(scope="session")
def study_in() -> Callable[[Path, str], Study]:
    def make(storage: Path, name: str) -> Study:
        folder = Storage(storage).study(name)
        folder.open(
            {"study": name, "trial": {"data": {"dataset": "rooms"}}},
            [Task.SEGMENTATION, Task.DEPTH],
            {
                "git_commit": "abc123",
                "space_digest": "s1",
                "data_digest": "d" * 64,
                "versions": {"torch": "2.9"},
            },
        )
        (folder.path / "study.yaml").write_text(f"study: {name}\n")
        return Study(folder)

    return make


@pytest.fixture
def new_study(tmp_path: Path, study_in: Callable[[Path, str], Study]) -> Callable[..., Study]:
    def make(name: str = "rooms-study", root: str = "storage") -> Study:
        return study_in(tmp_path / root, name)

    return make


@pytest.fixture
def study(new_study: Callable[..., Study]) -> Study:
    return new_study()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Making the tables takes MLflow longer than any test."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    check_tracking(f"sqlite:///{path}")
    return path


@pytest.fixture
def uri(tmp_path: Path, empty_database: Path) -> str:
    path = tmp_path / "a store" / "mlflow.db"
    path.parent.mkdir()
    shutil.copyfile(empty_database, path)
    return f"sqlite:///{path}"


@pytest.fixture
def other_uri(tmp_path: Path, empty_database: Path) -> str:
    shutil.copyfile(empty_database, tmp_path / "other.db")
    return f"sqlite:///{tmp_path}/other.db"


@pytest.fixture(scope="session")
def http_server(
    tmp_path_factory: pytest.TempPathFactory, empty_database: Path
) -> Iterator[HttpServer]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    server = HttpServer(folder)
    server.start()
    yield server
    server.stop()


class Store:
    """What a reader finds in MLflow."""

    def __init__(self, uri: str) -> None:
        from mlflow import MlflowClient  # noqa: PLC0415 - after its settings have been made

        self.client = MlflowClient(uri)

    def experiment(self, name: str = "rooms-study"):
        return self.client.get_experiment_by_name(name)

    def runs(self, name: str = "rooms-study") -> dict[str, object]:
        """By trial key; the parent is under its study's name."""
        found = self.client.search_runs([self.experiment(name).experiment_id])
        by_key = {run.data.tags.get("mdml.trial_key", name): run for run in found}
        assert len(by_key) == len(found), "two runs of one trial"
        return by_key

    def rows(self, run_id: str, key: str = "val/delta_m") -> list[tuple[int, int, float]]:
        rows = self.client.get_metric_history(run_id, key)
        return sorted((row.step, row.timestamp, row.value) for row in rows)

    def steps(self, trial_key: str, key: str = "val/delta_m") -> list[int]:
        return [row[0] for row in self.rows(self.runs()[trial_key].info.run_id, key)]

    def everything(self, name: str = "rooms-study"):
        """All that MLflow shows, to compare with itself."""
        return {
            key: (
                run.info.run_id, run.info.status, run.info.start_time, run.info.end_time,
                run.data.tags, run.data.params, run.inputs.to_dictionary(),
                {m: self.rows(run.info.run_id, m) for m in run.data.metrics},
            )
            for key, run in self.runs(name).items()
        }  # fmt: skip


@pytest.fixture
def read() -> Callable[[str], Store]:
    return Store
