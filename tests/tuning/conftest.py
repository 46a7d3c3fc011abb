"""Studies that a real Ray runs in seconds, and books without any Ray."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mdml_tune.records import EpochReport, TrialRecord
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.study import Study
from mdml_tune.storage.history import append_report
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tuning.baselines import Baselines
from mdml_tune.tuning.book import Book

DIGEST = "0123456789abcdef"


@pytest.fixture
def make_study() -> Callable[..., Study]:
    def make(**sections: object) -> Study:
        values = {
            "study": "small",
            "trial": {
                "data": {
                    "dataset": "rooms",
                    "tasks": ["segmentation", "depth"],
                    "train_size": 4,
                    "val_size": 2,
                    "test_size": 2,
                    "image_size": [16, 24],
                },
                "network": {"kind": "unet", "width": 4},
                "training": {"epochs": 4, "batch_size": 2},
                "mutual": {"weight": {"log_uniform": [0.03, 3.0]}},
            },
            "baseline": {"seeds": 2},
            "search": {
                "trials": 3,
                "sampler": {"kind": "tpe", "startup_trials": 2},
                "early_stopping": {"kind": "asha", "grace_epochs": 1, "reduction": 2},
            },
            "confirm": {"top": 1, "seeds": 2},
        }
        study = check_study(values | sections)
        assert isinstance(study, Study), study
        return study

    return make


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return Storage.at(str(tmp_path / "storage")).study("small")


@pytest.fixture
def make_book(folder: StudyFolder) -> Callable[..., Book]:
    def make(study: Study, **settings: object) -> Book:
        if not folder.exists():
            folder.open(study.values, study.tasks, {"data_digest": DIGEST})
        baselines = Baselines(
            study=study, storage=folder.storage, data_digest=DIGEST, data_root=None
        )
        return Book(study, folder, baselines, **settings)

    return make


@pytest.fixture
def write_history(folder: StudyFolder) -> Callable[[TrialRecord, Iterable[float]], None]:
    """Pretends that a trial has reported these values of its objective, an epoch each."""

    def write(record: TrialRecord, values: Iterable[float], *, start_ms: int = 0) -> None:
        for epoch, value in enumerate(values, start=1):
            metrics = {"val/delta_m": value, "time/epoch_seconds": 1.0}
            report = EpochReport(epoch, start_ms + epoch, metrics)
            append_report(folder.trial(record.trial_key).history, report)

    return write
