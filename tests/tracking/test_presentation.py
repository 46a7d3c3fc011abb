"""What a newcomer meets: views, descriptions, names and the gain on test; told once, and kept."""

import pytest

from mdml_tune.records import Phase, Status
from mdml_tune.tracking import points
from mdml_tune.tracking.description import began_ms
from mdml_tune.tracking.ledger import read_ledger, run_ids, write_ledger
from mdml_tune.tracking.presentation import parameters
from mdml_tune.tracking.publisher import Publisher, sync
from mdml_tune.tracking.server import Server
from mdml_tune.tracking.sources import header
from mdml_tune.tracking.ui import study_page

SINGLE = {"segmentation/miou": 0.4, "segmentation/pix_acc": 0.8} | {
    "depth/abs_err": 0.5,
    "depth/rel_err": 0.2,
}
BETTER = {"segmentation/miou": 0.44, "segmentation/pix_acc": 0.88} | {
    "depth/abs_err": 0.45,
    "depth/rel_err": 0.18,
}
"""A tenth better in every metric: +10 % by any convention."""


def of(task: str) -> dict[str, float]:
    return {path: value for path, value in SINGLE.items() if path.startswith(task)}


def confirmed_study(study, *, epochs: int = 2) -> None:
    for task in ("segmentation", "depth"):
        study.ended(f"b{task}", phase=Phase.BASELINE, method=task, test=of(task))
    study.ended("t1", number=0, epochs=epochs)
    study.ended("t2", phase=Phase.CONFIRM, seed=1000, method="mdml", test=BETTER)


def test_a_confirmed_run_bears_its_gain_on_test(study, uri, read) -> None:
    confirmed_study(study)
    sync(study.folder, uri)
    store = read(uri)
    run = store.runs()["t2"]
    [(step, _, gain)] = store.rows(run.info.run_id, "test/delta_m")
    assert (step, gain) == (2, pytest.approx(10.0))
    assert run.info.run_name == "+10.00 % confirm mdml seed 1000 c12ab"
    assert "test/delta_m" not in store.runs()["t1"].data.metrics


@pytest.mark.parametrize("lost", ["segmentation", "depth"])
def test_without_all_single_task_networks_on_test_there_is_no_gain(study, uri, read, lost) -> None:
    for task in ("segmentation", "depth"):
        test = None if task == lost else of(task)
        study.ended(f"b{task}", phase=Phase.BASELINE, method=task, test=test)
    study.ended("t2", phase=Phase.CONFIRM, seed=1000, test=BETTER)
    assert sync(study.folder, uri).problem is None
    assert "test/delta_m" not in read(uri).runs()["t2"].data.metrics


def test_a_gain_waits_for_every_baseline(study, uri, read) -> None:
    confirmed_study(study)
    late = study.trial("blate", phase=Phase.BASELINE, seed=1, method="depth", epochs=2)
    for status in (Status.RUNNING, Status.COMPLETED):
        if status.is_final:
            late.close(status)  # ended, and not yet scored
        assert sync(study.folder, uri).problem is None
        assert "test/delta_m" not in read(uri).runs()["t2"].data.metrics
    late.close(Status.COMPLETED, test={path: x / 2 for path, x in of("depth").items()})
    sync(study.folder, uri)
    store = read(uri)
    [(_, _, gain)] = store.rows(store.runs()["t2"].info.run_id, "test/delta_m")
    assert gain == pytest.approx(
        (10 - 20) / 2
    )  # 0.9 of the single score is 1.2 of the mean of both


def test_a_baseline_that_failed_is_not_waited_for(study, uri, read) -> None:
    confirmed_study(study)
    study.ended("bfailed", phase=Phase.BASELINE, seed=1, method="depth", status=Status.FAILED)
    sync(study.folder, uri)
    assert read(uri).runs()["t2"].data.metrics["test/delta_m"] == pytest.approx(10.0)


def test_a_confirmed_run_deleted_by_hand_comes_back_with_its_gain(study, uri, read) -> None:
    confirmed_study(study)
    late = study.trial("blate", phase=Phase.BASELINE, seed=1, method="depth", epochs=2)
    sync(study.folder, uri)
    store = read(uri)
    store.client.delete_run(store.runs()["t2"].info.run_id)
    late.close(Status.COMPLETED, test=of("depth"))
    assert sync(study.folder, uri).problem is None
    metrics = store.runs()["t2"].data.metrics
    assert (metrics["test/delta_m"], metrics["test/depth/abs_err"]) == (pytest.approx(10.0), 0.45)


def test_scores_are_told_before_the_gain_that_follows_from_them(study, uri, monkeypatch) -> None:
    confirmed_study(study)
    with monkeypatch.context() as late:
        late.setattr(points, "test_points", lambda *_: [])
        sync(study.folder, uri)
    own, told = run_ids(study.folder)["t2"], []
    log = Server.log

    def noted(self, run_id, **what) -> None:
        told.extend(point.key for point in what.get("points", ()) if run_id == own)
        log(self, run_id, **what)

    monkeypatch.setattr(Server, "log", noted)
    sync(study.folder, uri)
    assert told[-1] == "test/delta_m"
    assert len(told) == 1 + len(BETTER)


def test_a_gain_alone_does_not_vouch_for_the_scores(study, uri, read) -> None:
    study.ended("t2", phase=Phase.CONFIRM, seed=1000, method="mdml")
    sync(study.folder, uri)
    store = read(uri)
    run, experiment = store.runs()["t2"].info.run_id, store.experiment().experiment_id

    def has_test() -> bool:
        return {r.run_id: r.has_test for r in Server(uri).find_runs(experiment)}[run]

    store.client.log_metric(run, "test/delta_m", 1.0)
    assert not has_test()
    store.client.log_metric(run, "test/depth/abs_err", 1.0)
    assert has_test()


def test_told_again_nothing_changes(study, uri, read) -> None:
    confirmed_study(study)
    study.folder.results.mkdir()
    (study.folder.results / "answer.md").write_text("c12ab wins.")
    sync(study.folder, uri)
    store = read(uri)
    once, tags = store.everything(), store.experiment().tags
    sync(study.folder, uri)
    (study.folder.path / "mlflow.json").unlink()
    sync(study.folder, uri)
    assert store.everything() == once
    assert store.experiment().tags == tags


def test_searched_runs_are_named_by_how_they_ended(study, uri, read) -> None:
    study.ended("t1", number=0)
    study.ended("t2", number=1, status=Status.PRUNED)
    study.ended("t3", number=2, status=Status.FAILED, epochs=0, failure="diverged")
    study.trial("t4", number=3, epochs=1)
    Publisher(study.folder, uri).publish()
    names = {key: run.info.run_name for key, run in read(uri).runs().items()}
    assert names == {
        "rooms-study": "rooms-study",
        "t1": "+2.00 % search-000 c12ab",
        "t2": "+2.00 % search-001 c12ab (pruned)",
        "t3": "search-002 c12ab (failed)",
        "t4": "search-003 c12ab",
    }


def test_the_views_order_by_val_until_there_are_confirmed_runs(study, uri, read) -> None:
    study.trial("t1", epochs=1)
    Publisher(study.folder, uri).publish()
    tags = read(uri).experiment().tags
    assert "val/delta_m" in tags["mlflow.sharedViewState.mdml-runs"]
    assert "test/delta_m" not in tags["mlflow.sharedViewState.mdml-runs"]
    confirmed_study(study)
    sync(study.folder, uri)
    tags = read(uri).experiment().tags
    assert "test/delta_m" in tags["mlflow.sharedViewState.mdml-runs"]
    assert tags["mlflow.experiment.primaryMetric.name"] == "test/delta_m"


def test_the_parent_says_what_is_known_while_the_study_runs_and_after(study, uri, read) -> None:
    def note() -> str:
        return read(uri).runs()["rooms-study"].data.tags["mlflow.note.content"]

    study.trial("t1", epochs=1)
    publisher = Publisher(study.folder, uri)
    publisher.publish()
    assert note().startswith("**Answer:** not there yet")
    study.folder.results.mkdir()
    (study.folder.results / "answer.md").write_text("c12ab wins.\n")
    (study.folder.results / "delta_m.md").write_text("| | Δm |\n| --- | --- |\n| c12ab | +1 |\n")
    publisher.close()
    assert note().startswith("**Answer:** c12ab wins.\n\n| | Δm |\n| --- | --- |\n| c12ab | +1 |")
    Publisher(study.folder, uri).publish()  # it goes on
    assert "c12ab wins" in note()


def test_a_description_that_somebody_wrote_stays(study, uri, read) -> None:
    study.ended("t1")
    sync(study.folder, uri)
    store = read(uri)
    experiment = store.experiment()
    assert "[The answer](#/experiments/" in experiment.tags["mlflow.note.content"]
    store.client.set_experiment_tag(experiment.experiment_id, "mlflow.note.content", "mine")
    confirmed_study(study)
    sync(study.folder, uri)
    assert store.experiment().tags["mlflow.note.content"] == "mine"


def test_the_link_opens_the_view_once_it_is_there(study, uri) -> None:
    study.ended("t1")
    sync(study.folder, uri)
    assert study_page(study.folder, uri, "http://h/").endswith("&viewStateShareKey=mdml-runs")
    ledger = read_ledger(study.folder)
    ledger.views = None
    write_ledger(study.folder, ledger)
    assert study_page(study.folder, uri, "http://h").endswith("?workflowType=machine_learning")


def test_a_study_that_is_in_another_store_has_no_page_in_this_one(study, uri, other_uri) -> None:
    assert study_page(study.folder, uri, "http://h") is None
    study.ended("t1")
    sync(study.folder, uri)
    assert study_page(study.folder, other_uri, "http://h") is None


def test_sampled_parameters_are_read_from_the_study_file(new_study) -> None:
    study = new_study("searched")
    record = header(study.folder)
    trial = {
        "mutual": {"weight": {"log_uniform": [0.1, 1.0]}},
        "scd": {"choice": [None, {"weight": {"uniform": [0.0, 1.0]}}]},
    }
    record.study["trial"] = trial
    assert parameters(record) == ["mutual.weight", "scd", "scd.weight"]
    record.study["trial"] = {"mutual": {"uniform": [1]}}
    assert parameters(record) == []


def test_a_study_began_when_it_says(new_study) -> None:
    record = header(new_study("begun").folder)
    assert began_ms(record) == 0
    record.about["started"] = "1970-01-01T00:00:02+0000"
    assert began_ms(record) == 2000
