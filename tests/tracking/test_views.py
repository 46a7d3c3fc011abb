"""Prepared views: valid for MLflow, the same for the same study, and small enough for a tag."""

import json

from mdml_tune.tracking.views import CONFIGURATIONS, RUNS, charts_page, page, views

PARAMETERS = ["mutual.weight.depth", "scd"]


def states(split: str = "val", parameters: list[str] = PARAMETERS) -> dict[str, dict]:
    """What MLflow reads: a state, as text, in an envelope with a name and two times."""
    found = {}
    for key, tag in views(parameters, split=split, born_ms=7).items():
        envelope = json.loads(tag)
        assert isinstance(envelope["name"], str)
        assert (envelope["createdAt"], envelope["updatedAt"]) == (7, 7)
        found[key.removeprefix("mlflow.sharedViewState.")] = json.loads(envelope["state"])
    return found


def test_the_gain_comes_before_phase_and_status_and_those_before_the_parameters() -> None:
    assert states()[RUNS]["selectedColumns"] == [
        "attributes.`Run Name`", "metrics.`val/delta_m`", "tags.`mdml.phase`", "tags.`mdml.status`",
        "params.`mutual.weight.depth`", "params.`scd`", "tags.`mdml.seed`",
    ]  # fmt: skip


def test_configurations_are_means_over_the_seeds_of_one_phase() -> None:
    found = states()[CONFIGURATIONS]
    assert found["groupBy"] == {
        "aggregateFunction": "average",
        "groupByKeys": [{"mode": "tag", "groupByData": "mdml.config_id"}],
    }
    assert found["searchFilter"] == "tags.`mdml.phase` = 'search'"
    assert states()[RUNS]["groupBy"] is None
    assert states()[RUNS]["searchFilter"] == ""


def test_confirmed_runs_are_ordered_by_their_gain_on_test() -> None:
    for state in states("test").values():
        assert state["orderByKey"] == "metrics.`test/delta_m`"
        assert state["selectedColumns"][1:3] == ["metrics.`test/delta_m`", "metrics.`val/delta_m`"]
    assert states("test")[CONFIGURATIONS]["searchFilter"] == "tags.`mdml.phase` = 'confirm'"


def test_charts_show_the_curves_and_what_led_to_them() -> None:
    curves, parallel = states()[RUNS]["compareRunCharts"]
    assert (curves["type"], curves["metricKey"]) == ("LINE", "val/delta_m")
    assert parallel["selectedParams"] == PARAMETERS
    assert parallel["selectedMetrics"] == ["val/delta_m"]
    [section] = states()[RUNS]["compareRunSections"]
    assert {curves["metricSectionId"], parallel["metricSectionId"]} == {section["uuid"]}
    assert len(states(parameters=[])[RUNS]["compareRunCharts"]) == 1


def test_every_column_has_a_place_and_a_width() -> None:
    for state in states("test").values():
        assert set(state["selectedColumns"]) <= set(state["columnOrder"])
        assert set(state["columnWidths"]) == set(state["columnOrder"])


def test_a_view_fits_into_a_tag_however_much_is_searched() -> None:
    many = [f"mutual.weight.{'x' * 200}{i}" for i in range(200)]
    tags = views(many, split="val", born_ms=7)
    assert all(10_000 < len(tag) <= 20_000 for tag in tags.values())
    assert f"params.`{many[0]}`" in states(parameters=many)[RUNS]["selectedColumns"]


def test_pages_name_the_workflow_in_which_runs_are_shown() -> None:
    plain = "#/experiments/3/runs?workflowType=machine_learning"
    assert page("3", None) == plain
    assert page("3", RUNS) == f"{plain}&viewStateShareKey=mdml-runs"
    assert charts_page("3") == f"{page('3', RUNS)}&compareRunsMode=CHART"
