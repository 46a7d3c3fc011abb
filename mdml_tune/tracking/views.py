"""Prepared views of MLflow's runs table: the columns, order, groups and charts that answer the question.

MLflow shows no metric and no parameter of its own accord, and nothing but the browser remembers what
was chosen. A view that is saved with an experiment is offered to everyone: under *Views*, and by a
link that names it. Such a view is a tag of the experiment; its content is that of MLflow 3.17.
"""

import json
from collections.abc import Mapping, Sequence

Json = Mapping[str, object]

RUNS = "mdml-runs"
"""All trials, one line each."""
CONFIGURATIONS = "mdml-configurations"
"""One line per configuration: means over its seeds."""

CONFIG_ID = "mdml.config_id"
PHASE = "mdml.phase"
SEED = "mdml.seed"
STATUS = "mdml.status"

_TITLES = {RUNS: "Runs by Δm", CONFIGURATIONS: "Configurations by Δm"}
_VIEW = "mlflow.sharedViewState."
_LONGEST_TAG = 20_000
_SECTION = "mdml-answer"
_NARROW, _WIDE = 100, 260


def views(parameters: Sequence[str], *, split: str, born_ms: int) -> dict[str, str]:
    """The views as tags of the experiment.

    Args:
        parameters: What the study searches, under dotted paths; a view has as many as fit into a tag.
        split: Whose Δm orders the runs: ``test`` once there are confirmed ones, until then ``val``.
        born_ms: When the study began: the same study gives the same tags.
    """
    return {f"{_VIEW}{name}": _tag(name, parameters, split, born_ms) for name in _TITLES}


def page(experiment_id: str, view: str | None) -> str:
    """Where the runs are, behind the address of the server; without a view MLflow's own columns."""
    # Without the workflow the UI opens on pages about prompts and traces, and shows no run.
    where = f"#/experiments/{experiment_id}/runs?workflowType=machine_learning"
    return where if view is None else f"{where}&viewStateShareKey={view}"


def charts_page(experiment_id: str) -> str:
    """The same runs as learning curves and parallel coordinates."""
    return f"{page(experiment_id, RUNS)}&compareRunsMode=CHART"


def _tag(name: str, parameters: Sequence[str], split: str, born_ms: int) -> str:
    state = _state(name, parameters, split)
    tag = json.dumps(
        {
            "name": _TITLES[name],
            "createdAt": born_ms,
            "updatedAt": born_ms,
            "state": json.dumps(state, separators=(",", ":")),
        }
    )
    if len(tag) <= _LONGEST_TAG:
        return tag
    return _tag(name, parameters[: len(parameters) // 2], split, born_ms)


def _state(name: str, parameters: Sequence[str], split: str) -> Json:
    columns = _columns(parameters, split, grouped=name == CONFIGURATIONS)
    return {
        "searchFilter": _filter(name, split),
        "orderByKey": _metric(f"{split}/delta_m"),
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [column for column in columns if "." in column],
        "columnOrder": list(columns),
        "columnWidths": columns,
        "runsHiddenMode": "FIRST_20_RUNS",
        "groupBy": _grouping() if name == CONFIGURATIONS else None,
        "groupsExpanded": {},
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "compareRunCharts": _charts(parameters, split),
        "compareRunSections": [_section()],
        "isAccordionReordered": True,  # else a chart of every metric comes before ours
    }


def _filter(name: str, split: str) -> str:
    """Seeds of one phase are averaged: those of the search chose the winner, and flatter it."""
    if name == RUNS:
        return ""
    return f"tags.`{PHASE}` = '{'confirm' if split == 'test' else 'search'}'"


def _columns(parameters: Sequence[str], split: str, *, grouped: bool) -> dict[str, int]:
    """Columns in their order, with their width in pixels; those without a dot are always there."""
    gains = [_metric("test/delta_m"), _metric("val/delta_m")]
    shown, seed = ([], []) if grouped else ([PHASE, STATUS], [SEED])
    return {
        "attributes.`Run Name`": 250,
        **dict.fromkeys(gains if split == "test" else gains[1:], _NARROW + 20),
        **{f"tags.`{tag}`": _NARROW for tag in shown},
        **{f"params.`{name}`": _width(name) for name in parameters},
        **{f"tags.`{tag}`": _NARROW for tag in seed},
        "runDateAndNestInfo": 150,
        "duration": _NARROW,
    }


def _width(name: str) -> int:
    return min(max(_NARROW, 7 * len(name) + 30), _WIDE)


def _metric(name: str) -> str:
    return f"metrics.`{name}`"


def _grouping() -> Json:
    keys = [{"mode": "tag", "groupByData": CONFIG_ID}]
    return {"aggregateFunction": "average", "groupByKeys": keys}


def _section() -> Json:
    return {
        "uuid": _SECTION,
        "name": "Δm (gain, %)",
        "display": True,
        "isReordered": True,
        "deleted": False,
        "isGenerated": False,
        "columns": 2,
    }


def _charts(parameters: Sequence[str], split: str) -> list[Json]:
    """Δm epoch by epoch, and what led to it."""
    shared = {"metricSectionId": _SECTION, "deleted": False, "isGenerated": False}
    curve = {
        **shared,
        "type": "LINE",
        "uuid": "mdml-curves",
        "metricKey": "val/delta_m",
        "selectedMetricKeys": ["val/delta_m"],
        "runsCountToCompare": 20,
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": False,
        "useGlobalLineSmoothing": True,
    }
    parallel = {
        **shared,
        "type": "PARALLEL",
        "uuid": "mdml-parallel",
        "displayName": f"Parameters and Δm on {split}",
        "runsCountToCompare": 20,
        "selectedParams": list(parameters),
        "selectedMetrics": [f"{split}/delta_m"],
        "showAllRuns": True,
    }
    return [curve, parallel] if parameters else [curve]
