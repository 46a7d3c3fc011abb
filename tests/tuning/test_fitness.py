"""Who may take part in a study, asked at its start and before each trial."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mdml_tune.errors import UnavailableError
from mdml_tune.records import Phase, Status
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning import fitness, jobs, rounds
from mdml_tune.tuning.events import Event, Notice
from mdml_tune.tuning.fitness import Unfit, check_nodes, problems, unfit_for
from mdml_tune.tuning.nodes import NodeReport, Seen, versions
from mdml_tune.tuning.opened import opened
from mdml_tune.tuning.study import Options, run_study

STORAGE = Path("/mnt/mdml/runs")
OURS = {"python": "3.11.2", "training code": "aaaa"}
SEEN = Seen(host="w1", storage_problem=None, sees_ours=True, open_files=65536, versions=OURS)
GOOD = NodeReport("w1 (10.0.0.2)", SEEN, we_see_its=True)


def test_a_node_like_the_drivers_is_fit() -> None:
    assert problems(GOOD, OURS, STORAGE) == []


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (replace(GOOD, seen=replace(SEEN, storage_problem="Read-only file system")), "cannot write to /mnt/mdml/runs: Read-only"),
        (replace(GOOD, seen=replace(SEEN, sees_ours=False)), "another folder at /mnt/mdml/runs: it is not shared. Mount"),
        (replace(GOOD, we_see_its=False), "it is not shared"),
        (replace(GOOD, seen=replace(SEEN, versions=OURS | {"training code": "bbbb"})), r"training code bbbb \(the driver: aaaa\).*`ray up` again"),
        (replace(GOOD, seen=replace(SEEN, versions={})), "python None"),
        (NodeReport("w1 (10.0.0.2)", None, "ModuleNotFoundError: mdml_tune", broken=True), "cannot run our code: ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_an_unfit_node_is_named_with_what_to_do(report: NodeReport, said: str) -> None:
    (problem,) = problems(report, OURS, STORAGE)
    assert problem.startswith("  node w1 (10.0.0.2) ")
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(problem)


def test_a_silent_node_is_told_of_and_asked_again_later(
    monkeypatch: pytest.MonkeyPatch, make_study: Callable[..., Study]
) -> None:
    nodes = [
        {"NodeID": "big", "Resources": {"CPU": 4.0, "GPU": 1.0}},
        {"NodeID": "head", "Resources": {"CPU": 4.0}},
    ]
    asked: list[set[str]] = []
    silent = NodeReport("w1 (10.0.0.2)", None, "no answer within 60 s")
    monkeypatch.setattr(fitness, "alive_nodes", lambda: nodes)
    monkeypatch.setattr(fitness, "probe_nodes", lambda _, ids: asked.append(ids) or [silent])
    events: list[Event] = []
    check_nodes(STORAGE, make_study(resources={"gpus": 1}).resources, events.append)
    assert asked == [{"big"}]  # a head that runs no trial may be what it likes
    (notice,) = events
    assert isinstance(notice, Notice)
    assert "w1 (10.0.0.2) does not answer: no answer within 60 s" in notice.text

    unshared = replace(GOOD, we_see_its=False)
    monkeypatch.setattr(fitness, "probe_nodes", lambda *_: [unshared, silent])
    monkeypatch.setattr(fitness, "versions", lambda: OURS)
    with pytest.raises(UnavailableError, match=r"(?s)not ready.*node w1 .* not shared") as caught:
        check_nodes(STORAGE, make_study(resources={"gpus": 1}).resources, events.append)
    assert caught.value.exit_code == 3


def test_before_a_trial_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness.ray.util, "get_node_ip_address", lambda: "10.0.0.2")
    (tmp_path / "trial.json").touch()
    assert unfit_for(tmp_path, versions()) is None
    missing = unfit_for(tmp_path / "elsewhere", versions(), patience=0)
    assert isinstance(missing, Unfit)
    assert "does not see" in missing.text
    assert not (tmp_path / "elsewhere").exists()
    assert fitness.REACHES_S > 60  # acdirmax of NFS
    other = unfit_for(tmp_path, dict(versions()) | {"torch": "1.0"})
    assert isinstance(other, Unfit)
    assert "(10.0.0.2) has torch " in other.text
    assert "(the driver: 1.0)" in other.text


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*Tip. In future versions of Ray:FutureWarning",
)
def test_a_trial_that_is_sent_to_an_unfit_node_ends_the_study_untrained(
    make_study: Callable[..., Study], folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(baseline={"seeds": 1}, confirm=None)
    for module, phase in ((jobs, Phase.BASELINE), (rounds, Phase.SEARCH)):
        # As if the driver had other code than the workers.
        mine = dict(versions()) | {"training code": "mine"}
        monkeypatch.setattr(module, "versions", lambda mine=mine: mine)
        with (
            opened(study, folder, None, fresh=False) as begun,
            pytest.raises(UnavailableError, match=r"training code .*the driver: mine.*ray up"),
        ):
            run_study(study, folder, begun, Options(concurrency=1), lambda _: None)
        monkeypatch.undo()
        record = folder.record()
        sent = [trial for trial in (*record.baselines, *record.trials) if trial.phase is phase]
        assert sent
        assert all(trial.status is Status.RUNNING and not trial.history for trial in sent)
    with opened(study, folder, None, fresh=False) as begun:  # mended, it goes on
        run_study(study, folder, begun, Options(concurrency=1), lambda _: None)
    assert all(trial.status.is_final for trial in folder.record().trials)
