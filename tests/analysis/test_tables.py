"""The paper's table: its numbers, its marks, and its notations."""

import csv
import io
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import synthetic
from synthetic import baselines, confirmed, searched, study

from mdml_tune.analysis.comparisons import (
    DELTA_M,
    ENSEMBLE,
    GAP,
    MOST_SHOWN,
    ComparisonRow,
    comparisons,
    worth_showing,
)
from mdml_tune.analysis.delta_table import DeltaTable, delta_table
from mdml_tune.analysis.finalists import finalists
from mdml_tune.analysis.intervals import PairedDifference
from mdml_tune.analysis.leaderboard import leaderboard
from mdml_tune.analysis.notation import (
    comparisons_csv,
    comparisons_markdown,
    latex,
    to_csv,
    to_latex,
    to_markdown,
)
from mdml_tune.analysis.numbers import signed
from mdml_tune.analysis.ranking import rank
from mdml_tune.records import StudyRecord


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
    assert table.best("depth/abs_err") == table.rows[1].mean["depth/abs_err"]


def test_markdown(methods: StudyRecord) -> None:
    lines = to_markdown(table_of(methods)).splitlines()
    assert "test split" in lines[0]
    assert "positive is better" in lines[0]
    header = [cell.strip() for cell in lines[2].split("|")]
    assert header[2] == "segmentation mIoU ↑"
    assert header[6] == "normals mean ↓ [°]"
    assert header[11:15] == ["Δm gain ↑ [%]", "95 % CI", "Δm drop ↓ [%]", "seeds"]
    assert "| **0.4128 ± 0.0011** |" in lines[5]
    assert "| **+3.20 ± 0.28** | [" in lines[5]
    assert "**" not in lines[4]
    assert {line.count("|") for line in lines[2:]} == {15}


def test_single_task_is_best_where_nothing_gains() -> None:
    line = to_markdown(table_of(study(searched("c1", -2.0)))).splitlines()[4]
    assert line.startswith("| single-task | **0.4000")
    assert "**+0.00**" in line


def test_search_only_says_so() -> None:
    of = study(*(searched(f"c{i}", float(i)) for i in range(8)))
    table = table_of(of)
    assert [row.label for row in table.rows] == ["single-task", "c7", "c6", "c5", "c4", "c3"]
    assert "val split: nothing is confirmed" in to_markdown(table)


def test_nothing_finished_gives_no_table() -> None:
    assert delta_table(study(), []) is None


def test_csv_is_not_rounded(methods: StudyRecord) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(table_of(methods)))))
    assert (
        float(rows[1]["segmentation/miou"]) == table_of(methods).rows[1].mean["segmentation/miou"]
    )
    assert rows[0]["delta_m/std"] == ""
    assert float(rows[2]["delta_m_ci_low"]) < 1.1 < float(rows[2]["delta_m_ci_high"])


def test_latex_escapes() -> None:
    assert latex("a_b & 50% [x] #1 {y} ~^\\ $") == (
        r"a\_b \& 50\% {[}x{]} \#1 \{y\} \textasciitilde{}\textasciicircum{}\textbackslash{} \$"
    )
    assert latex("Δm ↑ -1.5 ± 2") == r"$\Delta m$ $\uparrow$ $-$1.5 $\pm$ 2"


def test_latex_is_well_formed(methods: StudyRecord) -> None:
    text = to_latex(table_of(methods))
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 1
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
    body = [
        line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line
    ]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {13}
    assert r"\textbf{+3.20} $\pm$ 0.28" in text
    assert text.isascii()


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.slow
def test_latex_compiles(tmp_path: Path) -> None:
    odd = "a_b & [50%] #{}~^\\ <$>"
    of = study(*(confirmed("c1", g, s, method=odd) for s, g in ((1, 1.0), (2, 2.0))))
    (tmp_path / "t.tex").write_text(
        r"\documentclass{article}\usepackage{booktabs}\begin{document}"
        + to_latex(table_of(of)) + r"\end{document}"
    )  # fmt: skip
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    if b"booktabs.sty' not found" in done.stdout:
        pytest.skip("booktabs is not installed")
    assert done.returncode == 0, done.stdout[-800:]


def test_markdown_cells_stay_in_their_cells() -> None:
    of = study(confirmed("c1", 1.0, 1, method="a|b\n*c*"))
    line = to_markdown(table_of(of)).splitlines()[5]
    assert line.startswith(r"| a\|b \*c\* |")


def test_comparisons(methods: StudyRecord) -> None:
    found = {row.measure: row for row in comparisons(methods)}
    assert {(row.method, row.reference) for row in found.values()} == {("a", "b")}
    assert found[DELTA_M].difference.mean == pytest.approx(-2.1)
    assert found[ENSEMBLE].difference.mean == pytest.approx(-1.1)
    # The gap is 2 % of each score of `a`, whose scores are Δm above the baseline, or below it.
    single, own = synthetic.SINGLE, synthetic.scores(1.1)
    by_hand = {path: own[path] / single[path] for path in single}
    mean = sum(
        sum(of_task) / len(of_task)
        for name in ("segmentation", "depth", "normals")
        if (of_task := [v for path, v in by_hand.items() if path.startswith(name)])
    )
    gap = found[GAP].difference.mean
    assert gap == pytest.approx(2 * mean / 3 - 1.0, abs=0.02)
    assert found[GAP].difference.seeds == 2


def test_comparisons_as_text(methods: StudyRecord) -> None:
    rows = comparisons(methods)
    assert "| Δm gain, test ↑ | a | b | -2.10 |" in comparisons_markdown(rows)
    (first, *_) = csv.DictReader(io.StringIO(comparisons_csv(rows)))
    assert float(first["difference"]) == rows[0].difference.mean


def test_every_pair_of_methods_is_compared() -> None:
    of = study(
        *(confirmed(f"c{m}", 1.0 + i, s, method=m) for i, m in enumerate("abc") for s in (1, 2))
    )
    pairs = [(r.method, r.reference) for r in comparisons(of) if r.measure == DELTA_M]
    assert pairs == [("b", "a"), ("c", "a"), ("c", "b")]
    assert not [row for row in comparisons(of) if row.measure == ENSEMBLE]


def test_no_comparison_without_methods_or_confirmation() -> None:
    assert comparisons(study(*(confirmed(c, 1.0, 1) for c in ("c1", "c2")))) == []
    assert (
        comparisons(study(searched("c1", 1.0, method="a"), searched("c2", 1.0, method="b"))) == []
    )


def test_leaderboard_is_plain_text() -> None:
    rows = rank(study(*(searched(f"c{i}", float(i)) for i in range(30)), references=baselines()))
    table = leaderboard(rows, top=3)
    assert [row[2].text for row in table.rows] == ["c29", "c28", "c27"]
    assert table.rows[0][9].text == "+29.00"
    assert table.caption == "The first 3 of 30 configurations."


def test_no_negative_zero() -> None:
    assert signed(-0.0) == "+0.00"
    assert signed(-0.001) == "+0.00"


def test_of_hundreds_of_comparisons_those_with_the_first_method_are_shown() -> None:
    difference = PairedDifference(mean=1.0, interval=None, p=0.5, seeds=3)
    names = [f"m{k}" for k in range(12)]
    rows = [
        ComparisonRow(later, earlier, DELTA_M, difference)
        for k, earlier in enumerate(names)
        for later in names[k + 1 :]
    ]
    assert len(rows) > MOST_SHOWN
    assert [row.method for row in worth_showing(rows)] == names[1:]
    assert worth_showing(rows[:MOST_SHOWN]) == rows[:MOST_SHOWN]
