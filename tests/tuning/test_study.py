"""A study on a real Ray: what it leaves behind, and that interruptions change nothing."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.records import EpochReport, Phase, Status, StudyRecord, TrialRecord
from mdml_tune.scd.relations import Needs
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tasks import Task, metrics_of
from mdml_tune.tuning import opened as opened_module
from mdml_tune.tuning import study as study_module
from mdml_tune.tuning.baselines import BaselineFailedError, reference
from mdml_tune.tuning.cluster import Cluster, Node
from mdml_tune.tuning.events import (
    EpochEnded,
    Event,
    Notice,
    PhaseStarted,
    TrialEnded,
    TrialStarted,
)
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.opened import opened
from mdml_tune.tuning.relating import read_relations
from mdml_tune.tuning.study import Options, run_study

NO_PROCESS = 2**22 + 1
"""More than Linux ever counts to (pid_max, proc(5))."""

ONE_AT_A_TIME = Options(concurrency=1)

pytestmark = pytest.mark.filterwarnings(
    # Ray leaves sockets and files to the garbage collector.
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*Tip. In future versions of Ray:FutureWarning",
)


def run(
    study: Study,
    folder: StudyFolder,
    observe: Callable[[Event], None],
    *,
    until: Phase = Phase.CONFIRM,
) -> StudyRecord:
    with opened(study, folder, None, fresh=False) as begun:
        run_study(study, folder, begun, ONE_AT_A_TIME, observe, until=until)
    return folder.record()


def told(record: TrialRecord) -> tuple[object, ...]:
    """Everything of a trial that no interruption may change."""
    reports = [
        (r.epoch, {k: v for k, v in r.metrics.items() if not k.startswith("time/")})
        for r in record.history
    ]
    test = None if record.test is None else dict(record.test)
    return record.trial_key, record.phase, record.status, record.parameters, reports, test


@pytest.mark.slow
def test_a_study_and_its_interrupted_twin(
    make_study: Callable[..., Study], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study()
    events: list[Event] = []
    folder = Storage.at(str(tmp_path / "one")).study("small")
    record = run(study, folder, events.append)

    phases = [event.phase for event in events if isinstance(event, PhaseStarted)]
    assert phases == [Phase.BASELINE, Phase.SEARCH, Phase.CONFIRM]
    assert len(record.baselines) == 2 * 2  # tasks times seeds
    assert all(b.status is Status.COMPLETED and b.test for b in record.baselines)
    searched = [t for t in record.trials if t.phase is Phase.SEARCH]
    confirmed = [t for t in record.trials if t.phase is Phase.CONFIRM]
    assert [t.number for t in searched] == [0, 1, 2]
    assert all(t.status in {Status.COMPLETED, Status.PRUNED} for t in searched)
    assert all(t.test is None for t in searched)  # a search never reads the test split
    assert [t.seed for t in confirmed] == [1000, 1001]
    assert all(t.status is Status.COMPLETED and t.test for t in confirmed)
    assert sum(isinstance(event, TrialStarted) for event in events) == 4 + 3 + 2
    assert sum(isinstance(event, TrialEnded) for event in events) == 4 + 3 + 2
    epochs = sum(len(t.history) for t in (*record.baselines, *record.trials))
    assert sum(isinstance(event, EpochEnded) for event in events) == epochs

    # Again, and for another study with the same data and recipe: no cluster is even asked for.
    other = replace(study, study="other", confirm=None)
    with monkeypatch.context() as patch:
        patch.setattr(study_module, "joined", lambda *_: pytest.fail("nothing is left to do"))
        assert run(study, folder, events.append) == record
        elsewhere = folder.storage.study("other")
        found = run(other, elsewhere, events.append, until=Phase.BASELINE)
        assert found.baselines == record.baselines

    # The twin is interrupted in each phase, and goes on.
    twin = Storage.at(str(tmp_path / "two")).study("small")
    for phase, epoch in ((Phase.BASELINE, 2), (Phase.SEARCH, 4)):
        with pytest.raises(KeyboardInterrupt):
            run(study, twin, interrupting(phase, epoch))
    resumed = run(study, twin, lambda _: None)
    assert [told(t) for t in resumed.trials] == [told(t) for t in record.trials]
    assert [told(t) for t in resumed.baselines] == [told(t) for t in record.baselines]


@pytest.mark.slow
def test_a_distilled_study_and_its_interrupted_twin(
    make_study: Callable[..., Study], tmp_path: Path
) -> None:
    trial = make_study().trial | {
        "mutual": {"weight": 0.3},
        "scd": {
            "grouping_threshold": {"uniform": [0.0, 1.0]},
            "distil": {"choice": ["outputs", "features"]},
            "weight": 0.1,
            "stage_epochs": 2,
        },
    }
    study = make_study(trial=trial, confirm={"top": 1, "seeds": 1})
    folder = Storage.at(str(tmp_path / "one")).study("small")
    notices: list[Event] = []
    record = run(study, folder, notices.append)

    networks = [baseline.method for baseline in record.baselines]
    assert networks.count("equal_weighting") == 2  # complexity orders the blocks
    found = read_relations(folder, Needs(frozenset(["linear_cka"]), complexity=True))
    assert found is not None
    assert sum(isinstance(n, Notice) and "related" in n.text for n in notices) == 1
    queues = {trial.parameters["scd.queue"] for trial in record.trials}
    assert queues <= {"segmentation + depth", "depth > segmentation", "segmentation > depth"}
    for trial in record.trials:  # a pruned one may have ended before the second block joined
        last = trial.last.metrics
        assert sum(last[f"train/{task}/distillation"] for task in study.tasks) > 0
    confirmed = [trial for trial in record.trials if trial.phase is Phase.CONFIRM]
    assert [trial.status for trial in confirmed] == [Status.COMPLETED]

    twin = Storage.at(str(tmp_path / "two")).study("small")
    with pytest.raises(KeyboardInterrupt):
        run(study, twin, interrupting(Phase.SEARCH, 3))
    resumed = run(study, twin, lambda _: None)
    assert [told(t) for t in resumed.trials] == [told(t) for t in record.trials]


def interrupting(phase: Phase, epoch: int) -> Callable[[Event], None]:
    """An observer that presses Ctrl-C at the first such epoch."""

    def observe(event: Event) -> None:
        now = isinstance(event, EpochEnded) and (event.record.phase, event.report.epoch)
        if now == (phase, epoch):
            raise KeyboardInterrupt

    return observe


def test_a_gpu_that_is_not_there_is_refused_at_once(make_study: Callable[..., Study]) -> None:
    cluster = Cluster((Node(cpus=2, gpus=0),))
    with pytest.raises(UnavailableError, match=r"1 GPU on one node; .* have 2 CPU and 0 GPU"):
        cluster.concurrency(make_study(resources={"gpus": 1}).resources, None)


@pytest.mark.parametrize(
    ("cpus", "gpus", "limit", "expected"),
    [(1, 0, None, 8), (3, 0, None, 2), (1, 0.5, None, 4), (1, 0.4, None, 4), (1, 2, None, 1), (1, 0, 3, 3)],
)  # fmt: skip
def test_as_many_trials_at_once_as_fit(
    make_study: Callable[..., Study], cpus: float, gpus: float, limit: int | None, expected: int
) -> None:
    resources = make_study(resources={"cpus": cpus, "gpus": gpus}).resources
    assert Cluster((Node(cpus=8, gpus=2),)).concurrency(resources, limit) == expected


def test_two_starts_of_one_study_the_second_is_refused(
    make_study: Callable[..., Study], folder: StudyFolder
) -> None:
    study = make_study()
    with (
        opened(study, folder, None, fresh=False),
        pytest.raises(UnavailableError, match="already being worked on by process"),
        opened(study, folder, None, fresh=False),
    ):
        pytest.fail("two writers")


def test_what_a_killed_driver_had_half_written_is_cleared(
    make_study: Callable[..., Study], folder: StudyFolder
) -> None:
    name = f".mlflow.json.{NO_PROCESS}.0123abcd.tmp"
    drafts = [folder.path / name, folder.results / name, folder.results / "figures" / name]
    for draft in drafts:
        draft.parent.mkdir(parents=True, exist_ok=True)
        draft.touch()
    with opened(make_study(), folder, None, fresh=False):
        assert not any(draft.exists() for draft in drafts)


def test_a_study_is_resumed_as_it_was_begun(
    make_study: Callable[..., Study], folder: StudyFolder
) -> None:
    with opened(make_study(), folder, None, fresh=False):
        pass
    more = make_study().search
    longer = replace(make_study(), search=replace(more, trials=9))
    with opened(longer, folder, None, fresh=False) as begun:  # more trials are safe, and told
        assert [str(one) for one in begun.changed] == ["search.trials: was 3, is 9"]
    other = make_study(baseline={"seeds": 4})
    with (
        pytest.raises(ConfigError, match=r"(?s)baseline\.seeds: was 2, is 4.*--name.*--fresh"),
        opened(other, folder, None, fresh=False),
    ):
        pytest.fail("another study in this folder")
    with opened(other, folder, None, fresh=True):
        assert folder.record().study["baseline"] == {"seeds": 4, "trial": {}}
    assert len(list((folder.storage.path / "archive").iterdir())) == 1


def test_a_trial_never_spans_nodes(make_study: Callable[..., Study]) -> None:
    two = make_study(resources={"gpus": 2}).resources
    with pytest.raises(UnavailableError, match="on one node"):
        Cluster((Node(4, 1), Node(4, 1))).concurrency(two, None)
    assert Cluster((Node(4, 2), Node(4, 1), Node(4, 4))).concurrency(two, None) == 3


def test_another_code_version_is_another_study(
    make_study: Callable[..., Study], folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(make_study(), folder, None, fresh=False):
        pass
    monkeypatch.setattr(opened_module, "code_version", lambda: "another")
    with (
        pytest.raises(ConfigError, match=r"code: was [0-9a-f]{16}, is another"),
        opened(make_study(), folder, None, fresh=False),
    ):
        pytest.fail("two codes under one key")


def test_a_store_of_one_machine_is_refused_on_several(
    make_study: Callable[..., Study], folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def two_nodes(*_: object) -> Generator[Cluster]:
        yield Cluster((Node(1, 0), Node(1, 0)))

    monkeypatch.setattr(study_module, "joined", two_nodes)
    options = Options(only_one_node="the store is a file")
    with (
        opened(make_study(), folder, None, fresh=False) as begun,
        pytest.raises(UnavailableError, match="the store is a file"),
    ):
        run_study(make_study(), folder, begun, options, lambda _: None)


def test_machines_that_come_later_are_used_from_the_next_phase_on(
    make_study: Callable[..., Study], folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[tuple[str, int]] = []
    machines = [Node(1, 0)]

    @contextmanager
    def one_machine(*_: object) -> Generator[Cluster]:
        yield Cluster(tuple(machines))

    def trained(jobs: list[Job], _: object, concurrency: int, *_more: object) -> list[TrialRecord]:
        used.append(("jobs", concurrency))
        machines.append(Node(2, 0))  # one comes while they run
        return [
            replace(
                job.record,
                status=Status.COMPLETED,
                history=(EpochReport(1, 1, {f"val/{m.path}": 0.5 for m in metrics_of(Task)}),),
            )
            for job in jobs
        ]

    class Searched:
        def __init__(self, *, concurrency: int, **_: object) -> None:
            used.append(("search", concurrency))

        def run(self) -> None:
            machines.clear()  # all are gone, for now

    monkeypatch.setattr(study_module, "joined", one_machine)
    monkeypatch.setattr(study_module, "joined_now", lambda: Cluster(tuple(machines)))
    monkeypatch.setattr(study_module, "run_jobs", trained)
    monkeypatch.setattr(study_module, "SearchPhase", Searched)
    with opened(make_study(), folder, None, fresh=False) as begun:
        run_study(make_study(), folder, begun, Options(), lambda _: None)
    assert used == [("jobs", 1), ("search", 3), ("jobs", 3), ("jobs", 3)]


def test_unwritable_storage_is_named(make_study: Callable[..., Study], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = Storage.at(str(tmp_path / "file")).study("small")
    with (
        pytest.raises(UnavailableError, match=r"cannot be written to: .*--storage") as caught,
        opened(make_study(), folder, None, fresh=False),
    ):
        pytest.fail("there is no folder to write to")
    assert caught.value.exit_code == 3


def test_reference_is_the_mean_over_seeds_and_refuses_a_failed_one() -> None:
    def baseline(seed: int, value: float, status: Status) -> TrialRecord:
        report = EpochReport(1, 1, {"val/depth/abs_err": value, "train/loss": 9.0})
        return TrialRecord(
            trial_key=f"t{seed}", config_id="c", phase=Phase.BASELINE, seed=seed, method="depth",
            status=status, failure="diverged in epoch 1: train/loss is nan", history=(report,),
        )  # fmt: skip

    good = [baseline(0, 1.0, Status.COMPLETED), baseline(1, 2.0, Status.COMPLETED)]
    assert reference(good) == {"depth/abs_err": 1.5}
    with pytest.raises(BaselineFailedError, match=r"depth \(seed 2\) failed: diverged in epoch 1"):
        reference([*good, baseline(2, 3.0, Status.FAILED)])
