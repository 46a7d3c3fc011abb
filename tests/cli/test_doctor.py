"""What would make a study fail, found before it does; and what the dead have left, removed."""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import run

from mdml_tune.cli.checking import machine_checks, storage_checks, tracking_checks
from mdml_tune.cli.checking.checks import Check, State
from mdml_tune.cli.checking.cluster_checks import node_checks
from mdml_tune.cli.checking.study_checks import parameters, room_needed
from mdml_tune.cli.doctor import doctor
from mdml_tune.config.network import UNetConfig
from mdml_tune.data.rooms import CLASSES
from mdml_tune.models.build import build_network
from mdml_tune.spaces.load import load_study
from mdml_tune.storage.inventory import TRASH
from mdml_tune.storage.lock import held
from mdml_tune.storage.studies import Storage
from mdml_tune.tasks import Task
from mdml_tune.tracking.publisher import Publisher
from mdml_tune.tuning.cluster import Cluster, Node
from mdml_tune.tuning.nodes import NodeReport, Seen, skew

URI = "sqlite:///mlflow.db"


def states(found: list[Check]) -> list[State]:
    return [check.state for check in found]


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    found = Storage(tmp_path / "mdml_runs")
    found.study("small").open({"study": "small"}, [Task.DEPTH], {})
    return found


def dead(lock: Path) -> Path:
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text('{"host": "gone", "pid": 1, "started": "1", "since": "then", "token": "x"}')
    os.utime(lock, (1, 1))
    return lock


def test_a_healthy_place_is_well_and_stays_as_it_was(tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    code, said = run(doctor)
    assert code == 0, said
    assert "torch" in said
    assert "mlflow.db will be made" in said
    assert sorted(tmp_path.rglob("*")) == before
    assert "data " not in said  # of a study, and none was named


def test_a_study_s_own_needs_are_looked_at() -> None:
    code, said = run(doctor, "small.yaml")
    assert code == 0, said
    assert "rooms: segmentation, depth" in said
    assert "trials at once, each with 1 CPU and 0 GPU" in said
    assert "checkpoints take about" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["small.yaml", "--set", "resources.gpus=64"], "cluster's nodes have"),
        (["small.yaml", "--storage", "small.yaml/below"], "cannot be written to"),
        (["--tracking-uri", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["custom.yaml"], "no_such_module"),
    ],
)
def test_each_problem_is_said_and_gives_3(tmp_path: Path, arguments: list[str], said: str) -> None:
    study = (tmp_path / "small.yaml").read_text()
    network = "{kind: custom, function: 'no_such_module:network'}"
    (tmp_path / "custom.yaml").write_text(study.replace("{kind: unet, width: 4}", network))
    code, told = run(doctor, *arguments)
    assert code == 3, told
    assert "PROBLEM" in told
    assert said in " ".join(told.split())
    assert "1 problems" in told


def test_versions_are_compared_with_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert states(machine_checks.versions()) == [State.OK]
    needs = ["torch>=2.9", "ray>=99", "no-such-package>=1", "other; python_version < '3'"]
    monkeypatch.setattr(machine_checks.metadata, "requires", lambda _: needs)
    found = machine_checks.versions()
    assert states(found) == [State.PROBLEM, State.PROBLEM]
    assert "needed is >=99" in found[0].said
    assert found[0].remedy == "install 'ray>=99'"
    assert "no-such-package is not installed" in found[1].said


def test_few_files_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "open_files", lambda: 1024)
    assert machine_checks.files().state is State.WARNING
    monkeypatch.setattr(machine_checks, "open_files", lambda: 4096)
    assert machine_checks.files().state is State.OK


def test_room_is_compared_with_what_is_needed(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free(nbytes: int) -> None:
        usage = SimpleNamespace(free=nbytes)
        monkeypatch.setattr(storage_checks.shutil, "disk_usage", lambda _: usage)

    free(5_000_000_000)
    assert storage_checks.room(storage, None).state is State.OK
    assert storage_checks.room(storage, 4_999_999_999).state is State.OK
    assert storage_checks.room(storage, 5_000_000_001).state is State.PROBLEM
    free(900_000_000)
    assert storage_checks.room(storage, 1000).state is State.WARNING


def test_checkpoints_are_weights_and_two_moments_of_all_that_are_kept() -> None:
    study = load_study("small.yaml")
    both, depth = (Task.SEGMENTATION, Task.DEPTH), (Task.DEPTH,)
    network = UNetConfig(width=4)
    net = build_network(network, depth, 0)
    assert parameters(network, depth, 0) == sum(p.numel() for p in net.parameters())
    trial = 2 * parameters(network, both, len(CLASSES)) * 12
    single = 12 * (
        parameters(network, (Task.SEGMENTATION,), len(CLASSES)) + parameters(network, depth, 0)
    )
    cluster = Cluster((Node(3.0, 0.0),))
    # Three trials with two checkpoints each, one finalist and two baselines, of two seeds each.
    assert room_needed(study, cluster, None, None) == trial * (2 * 3 + 2) + 2 * single
    assert room_needed(study, cluster, 1, None) == trial * (2 * 1 + 2) + 2 * single
    assert room_needed(study, Cluster((Node(0.5, 0.0),)), None, None) is None


def test_what_the_dead_have_left_is_found_and_repaired(storage: Storage) -> None:
    lock = dead(storage.study("small").path / "LOCK")
    other = dead(storage.path / "baselines/t1/LOCK")
    (storage.path / TRASH / "half").mkdir(parents=True)
    found = storage_checks.leftovers(storage, repair=False)
    assert states(found) == [State.WARNING, State.WARNING]
    assert found[0].said == "2 left by dead processes (studies/small, baselines/t1)"
    assert lock.exists()
    assert states(storage_checks.leftovers(storage, repair=True)) == [State.OK]
    assert not lock.exists()
    assert not other.exists()
    assert not (storage.path / TRASH).exists()


def test_a_lock_of_the_living_is_never_removed(storage: Storage) -> None:
    lock = storage.study("small").path / "LOCK"
    with held(lock, "it"):
        assert states(storage_checks.leftovers(storage, repair=True)) == [State.OK]
        assert lock.exists()


@pytest.mark.slow
def test_runs_that_stand_running_are_found_and_ended(storage: Storage) -> None:
    folder = storage.study("small")
    Publisher(folder, URI).publish()
    with held(folder.path / "LOCK", "it"):  # at work: they may stand RUNNING
        assert states(tracking_checks.tracking(URI, storage, repair=True)) == [State.OK] * 2
    code, said = run(doctor)
    assert code == 0
    assert "nobody runs them: 1 of small" in said
    assert "1 warnings" in said
    code, said = run(doctor, "--repair")
    assert code == 0
    assert "All is well" in said
    assert "All is well" in run(doctor)[1]


OURS = {"torch": "2.9", "training code": "abc"}
WELL = NodeReport(
    "one",
    Seen("one", storage_problem=None, sees_ours=True, open_files=65536, versions=OURS),
    we_see_its=True,
    skew_s=0.1,
)


@pytest.mark.parametrize(
    ("report", "state", "said"),
    [
        (WELL, State.OK, "shares the storage"),
        (NodeReport("one", None, problem="timed out"), State.PROBLEM, "timed out"),
        (NodeReport("one", None, problem="No module named 'x'", broken=True), State.PROBLEM, "cannot run our code"),
        (replace(WELL, we_see_its=False), State.PROBLEM, "another folder"),
        (replace(WELL, seen=replace(WELL.seen, sees_ours=False)), State.PROBLEM, "another folder"),
        (replace(WELL, seen=replace(WELL.seen, storage_problem="full")), State.PROBLEM, "full"),
        (replace(WELL, seen=replace(WELL.seen, versions={"torch": "2.8", "training code": "abc"})), State.PROBLEM, "torch 2.8 (here 2.9)"),
        (replace(WELL, seen=replace(WELL.seen, open_files=1024)), State.WARNING, "1024 files"),
        (replace(WELL, skew_s=3.0), State.WARNING, "3 s apart"),
        (replace(WELL, skew_s=30.0), State.PROBLEM, "30 s apart"),
    ],
)  # fmt: skip
def test_what_a_node_says(report: NodeReport, state: State, said: str) -> None:
    (found,) = node_checks(report, OURS, Path("/shared"))
    assert found.state is state
    assert said in found.said
    assert found.what == "node one"
    assert bool(found.remedy) is (state is not State.OK)


def test_a_clock_is_wrong_by_what_the_two_looks_at_ours_cannot_explain() -> None:
    assert skew(10.0, 10.5, 11.0) == 0
    assert skew(10.0, 4.0, 11.0) == 6
    assert skew(10.0, 14.0, 11.0) == 3
