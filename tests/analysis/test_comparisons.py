"""Methods and finalists against each other."""

import csv
import io

import pytest
import synthetic
from synthetic import confirmed, searched, study

from mdml_tune.analysis.comparisons import (
    DELTA_M,
    ENSEMBLE,
    GAP,
    ComparisonRow,
    Family,
    comparisons,
    main_ones,
    other_ones,
)
from mdml_tune.analysis.ranking import rank
from mdml_tune.analysis.tables.notation import comparisons_csv, comparisons_markdown
from mdml_tune.records import StudyRecord


@pytest.fixture
def methods() -> StudyRecord:
    """Two methods: `b` is 2 points better, and its ensemble 1 point; `b` is named first."""
    return study(
        *(confirmed("c1", g, s, method="a", ensemble=g + 2) for s, g in ((1, 1.0), (2, 1.2))),
        *(
            confirmed("c2", g, s, method="b", ensemble=g + 1, gap=0.01)
            for s, g in ((1, 3.0), (2, 3.4))
        ),
        methods=("b", "a"),
    )


def by_measure(rows: list[ComparisonRow], family: Family) -> dict[str, ComparisonRow]:
    return {row.measure: row for row in rows if row.family is family}


def test_against_the_reference_method(methods: StudyRecord) -> None:
    found = by_measure(comparisons(methods), Family.REFERENCE)
    assert {(row.method, row.reference) for row in found.values()} == {("a", "b")}
    assert found[DELTA_M].difference == pytest.approx(-2.1)
    assert found[ENSEMBLE].difference == pytest.approx(-1.1)
    # The gap is 2 % of each score of `a`, whose scores are Δm above the baseline, or below it.
    single, own = synthetic.SINGLE, synthetic.scores(1.1)
    by_hand = {path: own[path] / single[path] for path in single}
    mean = sum(
        sum(of_task) / len(of_task)
        for name in ("segmentation", "depth", "normals")
        if (of_task := [v for path, v in by_hand.items() if path.startswith(name)])
    )
    assert found[GAP].difference == pytest.approx(2 * mean / 3 - 1.0, abs=0.02)
    assert found[GAP].seeds == 2


def test_against_the_leader(methods: StudyRecord) -> None:
    found = by_measure(comparisons(methods), Family.LEADER)
    assert list(found) == [DELTA_M]
    row = found[DELTA_M]
    assert (row.method, row.reference) == ("b", "a")
    assert row.difference == pytest.approx(2.1)
    # Standard deviations 0.141 and 0.283 pooled with 2 degrees of freedom: 4.303 x 0.2236.
    assert row.interval is not None
    assert (row.interval.low, row.interval.high) == pytest.approx((2.1 - 0.962, 2.1 + 0.962), abs=1e-3)  # fmt: skip


def test_the_leader_of_the_comparisons_is_that_of_the_ranking() -> None:
    of = study(*(confirmed(c, g + s / 9, s) for c, g in (("c1", 1.0), ("c2", 3.0), ("c3", 2.0)) for s in (1, 2, 3)))  # fmt: skip
    found = {row.reference: row for row in comparisons(of)}
    assert {row.method for row in found.values()} == {"c2"}
    behind = {row.config_id: row.p_behind for row in rank(of)}
    assert behind == {"c2": None} | {name: row.p_corrected for name, row in found.items()}


def test_every_pair_of_methods_is_compared() -> None:
    of = study(
        *(confirmed(f"c{m}", 1.0 + i, s, method=m) for i, m in enumerate("abc") for s in (1, 2))
    )
    pairs = [(r.family, r.method, r.reference) for r in comparisons(of) if r.measure == DELTA_M]
    assert pairs == [
        (Family.LEADER, "c", "a"),
        (Family.LEADER, "c", "b"),
        (Family.REFERENCE, "b", "a"),
        (Family.REFERENCE, "c", "a"),
        (Family.PAIRS, "c", "b"),
    ]
    assert not [row for row in comparisons(of) if row.measure == ENSEMBLE]


def test_corrected_within_a_question() -> None:
    noise = (0.0, 0.3, -0.2)
    of = study(
        *(
            confirmed(f"c{m}", g + noise[(s + i) % 3], s, method=m)
            for i, (m, g) in enumerate((("a", 1.0), ("b", 1.3), ("c", 1.8)))
            for s in range(3)
        )
    )
    p_of = {
        row.method: (row.p or 0, row.p_corrected)
        for row in comparisons(of)
        if row.family is Family.REFERENCE and row.measure == DELTA_M
    }
    assert p_of["c"][1] == pytest.approx(2 * p_of["c"][0])
    assert p_of["b"][1] == pytest.approx(max(p_of["b"][0], 2 * p_of["c"][0]))


def test_the_reference_is_the_first_method_of_the_file_or_none() -> None:
    of = study(
        *(confirmed(f"c{m}", i + s / 9, s, method=m) for i, m in enumerate("bc") for s in (1, 2)),
        methods=("a", "b", "c"),
    )
    families = {row.family for row in comparisons(of)}
    assert families == {Family.LEADER, Family.PAIRS}


def test_a_lone_seed_is_not_tested() -> None:
    of = study(
        *(confirmed(c, g + s / 9, s) for c, g in (("c1", 3.0), ("c2", 1.0)) for s in (1, 2, 3)),
        confirmed("c3", 5.0, 1),
    )
    found = {row.reference: row.p_corrected for row in comparisons(of)}
    assert found["c3"] is None
    assert found["c2"] is not None
    assert found["c2"] < 0.05


def test_one_seed_gives_a_difference_and_nothing_more() -> None:
    (row,) = comparisons(study(*(confirmed(c, g, 1) for c, g in (("c1", 1.0), ("c2", 2.0)))))
    assert row.difference == pytest.approx(1.0)
    assert (row.interval, row.p, row.p_corrected) == (None, None, None)


def test_no_comparison_without_confirmation() -> None:
    assert comparisons(study(searched("c1", 1.0, method="a"), searched("c2", 1.0, method="b"))) == []  # fmt: skip


def test_as_text(methods: StudyRecord) -> None:
    rows = comparisons(methods)
    assert "| reference method | Δm gain, test ↑ | a | b | -2.10 |" in comparisons_markdown(rows)
    first = next(csv.DictReader(io.StringIO(comparisons_csv(rows))))
    assert first["family"] == "leader"
    assert float(first["difference"]) == rows[0].difference
    assert float(first["p_corrected"]) == rows[0].p_corrected


def test_what_a_reader_asks_first() -> None:
    names = [f"m{k}" for k in range(12)]
    of = study(
        *(confirmed(f"c{m}", i + s / 9, s, method=m) for i, m in enumerate(names) for s in (1, 2))
    )
    rows = comparisons(of)
    assert {row.family for row in main_ones(rows)} == {Family.LEADER, Family.REFERENCE}
    assert {row.family for row in other_ones(rows)} == {Family.PAIRS}
    assert len(main_ones(rows)) + len(other_ones(rows)) == len(rows)
