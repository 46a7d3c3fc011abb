"""A node dies with the trials on it: they go on elsewhere, and nobody counts it against them."""

import threading
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from mdml_tune.records import Phase, Status
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage
from mdml_tune.tuning.events import EpochEnded, Event, Notice
from mdml_tune.tuning.opened import opened
from mdml_tune.tuning.study import Options, run_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",  # Ray leaves sockets and files to the garbage collector
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore:.*Tip. In future versions of Ray:FutureWarning",
    ),
]


@pytest.fixture
def study() -> Study:
    found = check_study(
        {
            "study": "small",
            "trial": {
                "data": {
                    "dataset": "rooms", "tasks": ["segmentation", "depth"], "train_size": 8,
                    "val_size": 2, "test_size": 2, "image_size": [16, 24],
                },
                "network": {"kind": "unet", "width": 4},
                "training": {"epochs": 12, "batch_size": 2},
                "mutual": {"weight": {"log_uniform": [0.03, 3.0]}},
            },
            "baseline": {"seeds": 1},
            "search": {"trials": 2, "sampler": {"kind": "random"}},
            "confirm": None,
            "resources": {"retries": 0},
        }
    )  # fmt: skip
    assert isinstance(found, Study), found
    return found


def test_trials_of_a_lost_node_go_on_elsewhere_though_no_crash_is_allowed(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("RAY_health_check_period_ms", "500"),
        ("RAY_health_check_timeout_ms", "2000"),
        ("RAY_health_check_failure_threshold", "5"),
    ):
        monkeypatch.setenv(name, value)
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        doomed = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        events: list[Event] = []
        folder = Storage.at(str(tmp_path / "storage")).study("small")
        due = threading.Event()

        def observe(event: Event) -> None:
            events.append(event)
            if (
                isinstance(event, EpochEnded)
                and event.record.phase is Phase.SEARCH
                and not due.is_set()
            ):
                due.set()
                cluster.remove_node(doomed, allow_graceful=False)
                cluster.add_node(num_cpus=1)

        options = Options(address=cluster.address, concurrency=1)
        with opened(study, folder, None, fresh=False) as begun:
            run_study(study, folder, begun, options, observe)
    finally:
        cluster.shutdown()
    assert due.is_set()
    record = folder.record()
    assert [trial.status for trial in record.trials] == [Status.COMPLETED] * 2
    for trial in record.trials:
        assert [report.epoch for report in trial.history] == list(range(1, 13))
    assert not [e for e in events if isinstance(e, Notice) and "its process died" in e.text]
    assert not list(folder.path.glob("trials/*/crashes.json"))
