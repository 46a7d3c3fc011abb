"""The paper's table: its numbers, its marks, and what it says about both."""

import math
from dataclasses import replace

import pytest
import synthetic
from synthetic import baselines, confirmed, searched, study

from mdml_tune.analysis.finalists import finalists
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.ranking import rank
from mdml_tune.analysis.tables.delta_table import DeltaTable, delta_table
from mdml_tune.analysis.tables.leaderboard import leaderboard
from mdml_tune.analysis.tables.paper import delta_m_text
from mdml_tune.analysis.tables.text_table import Cell
from mdml_tune.delta_m import Convention
from mdml_tune.errors import ReportError
from mdml_tune.records import Status, StudyRecord


def table_of(of: StudyRecord) -> DeltaTable:
    found = delta_table(of, rank(of))
    assert found is not None
    return found


@pytest.fixture
def methods() -> StudyRecord:
    """Two methods: `b` is 2 points better, and its ensemble 1 point."""
    return study(
        searched("c1", 1.0, method="a"),
        searched("c2", 3.0, method="b"),
        searched("c3", 2.0, method="b"),
        *(confirmed("c1", g, s, method="a", ensemble=g + 2) for s, g in ((1, 1.0), (2, 1.2))),
        *(
            confirmed("c2", g, s, method="b", ensemble=g + 1, gap=0.01)
            for s, g in ((1, 3.0), (2, 3.4))
        ),
        *(confirmed("c3", g, s, method="b") for s, g in ((1, 8.0), (2, 8.0))),
        methods=("b", "a"),
    )


def test_a_method_is_chosen_on_val_not_on_test(methods: StudyRecord) -> None:
    assert [row.config_id for row in finalists(methods, rank(methods))] == ["c2", "c1"]


def test_numbers(methods: StudyRecord) -> None:
    table = table_of(methods)
    assert table.split == "test"
    assert [(row.label, row.seeds) for row in table.rows] == [
        ("single-task", 3), ("b", 2), ("a", 2),
    ]  # fmt: skip
    assert table.rows[1].mean["delta_m"] == pytest.approx(3.2)
    assert table.rows[1].std["delta_m"] == pytest.approx(0.2 * 2**0.5)
    assert table.rows[0].mean["depth/abs_err"] == 0.60


def test_every_convention_is_averaged_over_seeds(methods: StudyRecord) -> None:
    # The metrics of a synthetic study all gain alike, so the conventions agree but for the sign.
    row = table_of(methods).rows[1]
    assert row.mean["delta_m_drop"] == pytest.approx(-3.2)
    assert row.mean["delta_m_primary"] == pytest.approx(3.2)
    assert row.std["delta_m_drop"] == pytest.approx(row.std["delta_m"])
    ranked = next(r for r in rank(methods) if r.config_id == row.config_id)
    assert row.mean["delta_m"] == ranked.delta_m
    assert row.mean["delta_m_drop"] == ranked.delta_m_drop


def test_primary_reads_one_metric_per_task() -> None:
    trial = confirmed("c1", 0.0, 1)
    better = {**synthetic.scores(0.0), "depth/abs_err": 0.54, "depth/rel_err": 0.5}
    (_, row) = table_of(study(replace(trial, test=better))).rows
    assert row.mean["delta_m_primary"] == pytest.approx(10 / 3)
    assert row.mean["delta_m"] < 0


def test_search_only_says_so() -> None:
    of = study(*(searched(f"c{i}", float(i)) for i in range(8)))
    table = table_of(of)
    assert [row.label for row in table.rows] == ["single-task", "c7", "c6", "c5", "c4", "c3"]
    caption = delta_m_text(table).caption
    assert "val split: nothing is confirmed" in caption
    assert "The best 5 of 8 configurations of demo on val." in caption


def test_nothing_finished_gives_no_table() -> None:
    assert delta_table(study(), []) is None


def texts(of: StudyRecord, column: str) -> list[Cell]:
    text = delta_m_text(table_of(of))
    return [row[text.header.index(column)] for row in text.rows]


def marks(cells: list[Cell]) -> list[str]:
    return ["best" if cell.best else "second" if cell.second else "" for cell in cells]


def one_seed(*gains: float) -> StudyRecord:
    return study(*(confirmed(f"c{i}", gain, 1) for i, gain in enumerate(gains)))


def test_best_and_second_of_each_column() -> None:
    of = one_seed(1.0, 3.0, 2.0)
    by_gain = [cell.text for cell in texts(of, "Δm gain ↑ [%]")]
    assert by_gain == ["+0.00", "+3.00", "+2.00", "+1.00"]
    assert marks(texts(of, "Δm gain ↑ [%]")) == ["", "best", "second", ""]
    assert marks(texts(of, "Δm drop ↓ [%]")) == ["", "best", "second", ""]  # the lowest
    assert marks(texts(of, "abs. err. ↓")) == ["", "best", "second", ""]
    assert marks(texts(of, "seeds")) == marks(texts(of, "95 % CI")) == [""] * 4


def test_single_task_networks_compete_in_the_metrics_alone() -> None:
    of = one_seed(-1.0, -2.0, -3.0)
    assert marks(texts(of, "mIoU ↑")) == ["best", "second", "", ""]
    assert marks(texts(of, "Δm gain ↑ [%]")) == ["", "best", "second", ""]


def test_a_tie_in_the_digits_shown_is_a_tie() -> None:
    of = one_seed(3.001, 3.002, 2.0, 1.0)
    assert marks(texts(of, "Δm gain ↑ [%]")) == ["", "best", "best", "second", ""]


def test_a_lucky_seed_does_not_win_over_the_mean_of_several() -> None:
    of = study(
        *(confirmed("c1", gain, seed) for seed, gain in ((1, 2.0), (2, 2.2))),
        *(confirmed("c2", gain, seed) for seed, gain in ((1, 1.0), (2, 1.2))),
        confirmed("c3", 9.0, 1),
    )
    text = delta_m_text(table_of(of))
    marks = {row[0].text: (row[10].best, row[10].second) for row in text.rows}
    assert marks["c3"] == (False, False)
    assert (marks["c1"], marks["c2"]) == ((True, False), (False, False))
    assert "do not compete" in text.caption
    alone = delta_m_text(table_of(study(confirmed("c1", 1.0, 1), confirmed("c2", 2.0, 1))))
    assert any(row[10].best for row in alone.rows)


def test_the_last_is_never_marked() -> None:
    assert marks(texts(one_seed(3.0), "Δm gain ↑ [%]")) == ["", ""]
    assert marks(texts(one_seed(3.0), "mIoU ↑")) == ["", "best"]  # of two, none is second
    assert marks(texts(one_seed(0.0), "mIoU ↑")) == ["", ""]
    assert marks(texts(one_seed(2.0, 2.0), "Δm gain ↑ [%]")) == ["", "", ""]
    assert "bold" not in delta_m_text(table_of(one_seed(0.0))).caption
    assert "second" not in delta_m_text(table_of(one_seed(3.0))).caption


def test_the_header_says_which_convention(methods: StudyRecord) -> None:
    table = table_of(methods)
    assert delta_m_text(table).header[-4:] == ("Δm gain ↑ [%]", "95 % CI", "Δm drop ↓ [%]", "seeds")
    primary = delta_m_text(table, [Convention.PRIMARY])
    assert primary.header[-3:] == ("<30° ↑", "Δm primary ↑ [%]", "seeds")
    assert [row[-2].text for row in primary.rows] == ["+0.00", "+3.20 ± 0.28", "+1.10 ± 0.14"]
    assert "one metric" not in primary.caption
    assert "first metric of each task" in primary.caption
    assert "LibMTL" not in primary.caption
    assert sum(span for _, span in primary.groups) == len(primary.header)


def test_one_seed_says_so() -> None:
    text = delta_m_text(table_of(one_seed(1.0)))
    assert "Rows of one seed have neither spread nor interval." in text.caption
    assert [row[-1].text for row in text.rows] == ["3", "1"]
    assert "±" not in "".join(cell.text for cell in text.rows[1])
    alone = study(confirmed("c1", 1.0, 1), references=baselines(factors=(1.0,)))
    caption = delta_m_text(table_of(alone)).caption
    assert "One seed each: neither spread nor interval can be given." in caption
    assert "standard deviation" not in caption
    two = study(*(confirmed("c1", 1.0, s) for s in (1, 2)), references=baselines(factors=(1.0,)))
    assert (
        "Single-task networks of one seed: their noise is unknown"
        in delta_m_text(table_of(two)).caption
    )


def test_nothing_is_left_out_in_silence(methods: StudyRecord) -> None:
    more = (
        *methods.trials,
        confirmed("c2", 3.0, 3, method="b", status=Status.FAILED),
        searched("c9", 1.0, method="slow", status=Status.RUNNING),
    )
    notes = table_of(replace(methods, trials=more)).notes
    assert notes == (
        "Not final: 1 of 11 trials of demo have not ended.",
        "Without a row, as nothing of it is confirmed on test: slow.",
        "Also confirmed, but not the one of its method that was best on val (Δm gain [%]): b (c3) +8.00.",
        "b (c2) rests on 2 of 3 confirming trials: 1 ended without finite scores.",
    )
    assert all(
        note in delta_m_text(table_of(replace(methods, trials=more))).caption for note in notes
    )
    assert table_of(study(*(confirmed("c1", 1.0, seed) for seed in (1, 2)))).notes == ()


def test_scores_that_are_not_finite_are_no_scores() -> None:
    broken = {**synthetic.scores(9.0), "depth/abs_err": math.nan}
    lacking = {k: v for k, v in synthetic.scores(9.0).items() if not k.startswith("depth")}
    good = confirmed("c1", 1.0, 1)
    for test in (broken, lacking):
        table = table_of(study(good, replace(confirmed("c1", 9.0, 2), test=test)))
        assert table.rows[1].mean["delta_m"] == pytest.approx(1.0)
        assert table.notes == (
            "c1 rests on 1 of 2 confirming trials: 1 ended without finite scores.",
        )
        alone = study(replace(good, test=test))
        assert delta_table(alone, rank(alone)) is None


def test_a_baseline_of_zero_is_one_clear_message() -> None:
    zero = study(confirmed("c1", 1.0, 1), references=baselines(factors=(0.0,)))
    with pytest.raises(
        ReportError, match=r"baseline of '.*' is 0, so a relative gain is undefined"
    ):
        rank(zero)


def test_leaderboard_is_plain_text() -> None:
    rows = rank(study(*(searched(f"c{i}", float(i)) for i in range(30)), references=baselines()))
    table = leaderboard(rows, top=3)
    assert [row[2].text for row in table.rows] == ["c29", "c28", "c27"]
    assert table.rows[0][9].text == "+29.00"
    assert table.caption == "The first 3 of 30 configurations."


def test_no_negative_zero() -> None:
    assert signed(-0.0) == "+0.00"
    assert signed(-0.001) == "+0.00"
