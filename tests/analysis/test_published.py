"""Published scores as if they were studies of ours: our columns hold what the papers print."""

import pytest
from published import DROP, GAIN, NEAR, TABLES, Table

from mdml_tune.analysis.delta_table import SINGLE_TASK, delta_table
from mdml_tune.analysis.frame import ranked_frame
from mdml_tune.analysis.ranking import rank
from mdml_tune.delta_m import task_gain
from mdml_tune.records import EpochReport, Phase, Scores, Status, StudyRecord, TrialRecord
from mdml_tune.tasks import METRICS


def record(name: str, phase: Phase, scores: Scores) -> TrialRecord:
    """One training run that ended with ``scores``, on val as on test."""
    report = EpochReport(1, 0, {f"val/{path}": value for path, value in scores.items()})
    return TrialRecord(
        trial_key=f"t{phase}{name}",
        config_id=f"c{name}",
        phase=phase,
        seed=0,
        method=name,
        status=Status.COMPLETED,
        history=(report,),
        test=scores if phase is not Phase.SEARCH else None,
    )


def study(table: Table, phase: Phase) -> StudyRecord:
    singles = {t: {m.path: table.single[m.path] for m in METRICS[t]} for t in table.tasks}
    return StudyRecord(
        name="published",
        tasks=table.tasks,
        baselines=tuple(record(t, Phase.BASELINE, scores) for t, scores in singles.items()),
        trials=tuple(record(method, phase, scores) for method, scores in table.scores.items()),
        study={"methods": {method: {} for method in table.scores}},
    )


@pytest.mark.parametrize("phase", [Phase.SEARCH, Phase.CONFIRM])
@pytest.mark.parametrize("name", TABLES)
def test_the_ranking_shows_what_is_printed(name: str, phase: Phase) -> None:
    table = TABLES[name]
    found = study(table, phase)
    rows = rank(found)
    frame = ranked_frame(found, rows).set_index("method")
    assert set(frame["split"]) == {"val" if phase is Phase.SEARCH else "test"}
    for one in table.printed:
        assert frame.loc[one.method, one.column] == pytest.approx(one.recomputed, abs=NEAR)
    gains = [row.delta_m for row in rows]
    assert gains == sorted(gains, reverse=True)
    for method, scores in table.scores.items():
        for task in table.tasks:
            expected = task_gain(scores, table.single, task)
            assert frame.loc[method, f"delta_m/{task}"] == pytest.approx(expected)


@pytest.mark.parametrize("name", TABLES)
def test_the_table_shows_what_is_printed(name: str) -> None:
    table = TABLES[name]
    found = study(table, Phase.CONFIRM)
    shown = delta_table(found, rank(found))
    assert shown is not None
    means = {row.label: row.mean for row in shown.rows}
    assert set(means) == {SINGLE_TASK, *table.scores}
    for one in table.printed:
        assert means[one.method][one.column] == pytest.approx(one.recomputed, abs=NEAR)
    assert {means[SINGLE_TASK][column] for column in (GAIN, DROP)} == {0.0}
    assert {path: means[SINGLE_TASK][path] for path in table.single} == table.single


def test_the_winner_depends_on_the_convention() -> None:
    table = TABLES["nyuv2-segnet"]
    found = study(table, Phase.CONFIRM)
    rows = {row.method: row for row in rank(found)}
    equal = rows["LS"]
    assert equal.delta_m is not None
    assert equal.delta_m_drop is not None
    assert equal.delta_m > 0  # better than single-task networks, within tasks first
    assert equal.delta_m_drop > 0  # and worse, over metrics
    by_drop = min(rows.values(), key=lambda row: row.delta_m_drop or 0.0)
    assert by_drop.method == rank(found)[0].method == "NTKMTL"
