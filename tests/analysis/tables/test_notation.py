"""The paper's table in Markdown, LaTeX, CSV and HTML: the same cells in each."""

import csv
import io
import os
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from synthetic import confirmed, study

from mdml_tune.analysis.tables.delta_table import DeltaTable
from mdml_tune.analysis.tables.latex_text import _GREEK, _SIGNS, latex
from mdml_tune.analysis.tables.notation import markdown, to_csv, to_latex, to_markdown
from mdml_tune.analysis.tables.side_by_side import side_by_side
from mdml_tune.analysis.tables.table_page import to_html
from mdml_tune.delta_m import Convention
from mdml_tune.records import StudyRecord

ODD = "a_b & [50%] #{}~^\\ <$> |*β é 🚀 --"
LINE_OF_LATEX = re.compile(r"(?<!\\)&")


def nyuv2(*names: str, seeds: int = 2) -> StudyRecord:
    """Methods with gains of 1, 3, 5, ... points, on NYUv2 by their own account."""
    found = study(
        *(
            confirmed(f"c{i}", 1.0 + 2 * i + 0.2 * seed, seed, method=name)
            for i, name in enumerate(names)
            for seed in range(seeds)
        ),
        methods=names,
    )
    return replace(found, study={**found.study, "trial": {"data": {"dataset": "nyuv2"}}})


@pytest.fixture
def table() -> DeltaTable:
    (found,) = side_by_side([nyuv2("a", "b", "c")])
    return found


@pytest.fixture
def quoting() -> DeltaTable:
    (found,) = side_by_side([nyuv2("a", "b", "c")], ["nyuv2-segnet"])
    return found


def test_markdown_marks_best_and_second(table: DeltaTable) -> None:
    lines = to_markdown(table).splitlines()
    assert "test split" in lines[0]
    assert "positive is better" in lines[0]
    header = [cell.strip() for cell in lines[2].split("|")]
    assert header[2] == "segmentation mIoU ↑"
    assert header[6] == "normals mean ↓ [°]"
    assert header[11:15] == ["Δm gain ↑ [%]", "95 % CI", "Δm drop ↓ [%]", "seeds"]
    assert "| **+5.10 ± 0.14** | [" in lines[7]
    assert "| <ins>+3.10 ± 0.14</ins> | [" in lines[6]
    assert "**" not in lines[5]
    assert {line.count("|") for line in lines[2:]} == {15}


def test_markdown_cells_stay_in_their_cells() -> None:
    assert markdown("a|b\n*c* _d_ e_f <g> `h` \\") == r"a\|b \*c\* \_d\_ e_f \<g> \`h\` \\"


def test_markdown_quotes_in_a_table_of_its_own(quoting: DeltaTable) -> None:
    ours, quoted = to_markdown(quoting).split(
        "**Quoted: Qin et al. 2025, arXiv:2510.18258, Table 1; SegNet-MTAN**"
    )
    assert "| NTKMTL | 0.3968 | 0.6543 | 0.5296 | 0.2168 |" in quoted
    assert "NTKMTL" not in ours.partition("\n")[2]
    assert quoted.splitlines()[2].startswith("|  | segmentation mIoU ↑ |")
    assert "**" not in quoted
    assert "<ins>" not in quoted


def test_quoted_delta_m_is_as_printed_or_marked(quoting: DeltaTable) -> None:
    text = to_markdown(quoting, tuple(Convention))
    rows = {line.split(" | ")[0]: line.split(" | ")[10:] for line in text.splitlines()[10:]}
    # Printed is the drop; the gains are those of LibMTL's formula on the printed scores.
    assert rows["| NTKMTL"] == ["+9.18†", "–", "-6.99", "+9.42†", "3 |"]
    assert rows["| LS"] == ["+0.88†", "–", "+5.59", "+2.90†", "3 |"]
    assert rows["| IMTL-G"] == ["+4.77†", "–", "-0.76‡", "+6.12†", "3 |"]
    assert rows["| single-task"] == ["+0.00", "–", "+0.00", "+0.00", "3 |"]
    caption = text.splitlines()[0]
    assert "† Recomputed from the printed scores." in caption
    assert "‡ As printed; the printed scores give Δm drop ↓ [%]: IMTL-G -0.60." in caption
    assert "against the single-task row quoted with them, not against ours" in caption
    only_printed = to_markdown(quoting, [Convention.DROP])
    assert "†" not in only_printed


def test_csv_is_not_rounded(table: DeltaTable) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert float(rows[1]["segmentation/miou"]) == table.rows[1].mean["segmentation/miou"]
    assert float(rows[1]["delta_m_drop/std"]) == table.rows[1].std["delta_m_drop"]
    assert rows[0]["delta_m/std"] == ""
    assert float(rows[2]["delta_m_ci_low"]) < 3.1 < float(rows[2]["delta_m_ci_high"])
    assert {row["study"] for row in rows} == {"demo"}
    assert {row["source"] for row in rows} == {""}
    assert "delta_m_primary" not in rows[0]


def test_csv_says_which_rows_are_quoted(quoting: DeltaTable) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(quoting, [Convention.PRIMARY]))))
    source = (
        "Qin et al. 2025, arXiv:2510.18258, Table 1; delta_m_primary recomputed from its scores"
    )
    assert [row["source"] for row in rows] == [""] * 4 + [source] * 21
    assert {row["row"] for row in rows if row["source"]} >= {"single-task", "NTKMTL"}
    assert float(rows[-1]["normals/within_30"]) == 0.7078
    assert "delta_m_ci_low" not in rows[0]
    drop = list(csv.DictReader(io.StringIO(to_csv(quoting, [Convention.DROP]))))
    assert drop[-1]["source"] == "Qin et al. 2025, arXiv:2510.18258, Table 1"
    assert float(drop[-1]["delta_m_drop"]) == -6.99


def test_latex_is_well_formed(quoting: DeltaTable) -> None:
    text = to_latex(quoting)
    assert text.startswith("% \\usepackage{booktabs} \\usepackage{graphicx}\n\\begin{table*}\n")
    for name in ("table*", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") == 1
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    lines = [line for line in text.splitlines() if r"\\" in line and "multicolumn" not in line]
    assert {len(LINE_OF_LATEX.findall(line)) for line in lines} == {13}
    assert r"& \textbf{+5.10} & " in text
    assert r"& \underline{+3.10} & " in text
    assert r"\scriptsize $\pm$ 0.14" in text
    assert r"\emph{Quoted: Qin et al. 2025, arXiv:2510.18258, Table 1; SegNet-MTAN}" in text
    assert text.isascii()


def test_a_narrow_table_stays_in_its_column(table: DeltaTable) -> None:
    narrow = replace(table, metrics=table.metrics[:1])
    assert r"\begin{table}" in to_latex(narrow, [Convention.DROP])


def compiled(folder: Path, body: str, packages: str) -> str:
    """What pdflatex says of a document with ``body``, if it does not fail."""
    if shutil.which("pdflatex") is None:
        if "CI" in os.environ:
            pytest.fail("pdflatex is not installed, though this is CI")
        pytest.skip("pdflatex is not installed")
    (folder / "t.tex").write_text(
        rf"\documentclass{{article}}\usepackage{{{packages}}}\begin{{document}}"
        + body
        + r"\end{document}",
        encoding="ascii",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, said[-1500:]
    return said


@pytest.mark.slow
def test_latex_compiles_as_it_is_within_the_page(tmp_path: Path) -> None:
    (table,) = side_by_side([nyuv2("a", ODD, "Δm² naïve")], ["nyuv2-segnet"])
    narrow = replace(table, metrics=table.metrics[:2], quoted=())
    signs = latex(" ".join([*_SIGNS, *_GREEK, *"àáâãāăȧäåőčç"]))
    texts = [signs, to_latex(table, tuple(Convention)), to_latex(narrow, [Convention.DROP])]
    said = compiled(tmp_path, "\n".join(texts), "booktabs,graphicx")
    assert "Overfull" not in said
    assert "Missing character" not in said
    assert (tmp_path / "t.pdf").stat().st_size > 10_000


@pytest.mark.slow
def test_latex_compiles_with_booktabs_alone(tmp_path: Path) -> None:
    (table,) = side_by_side([nyuv2("a", "b")])
    compiled(tmp_path, to_latex(table), "booktabs")


class Page(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, _: object) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_html_holds_every_table_and_loads_nothing(quoting: DeltaTable, table: DeltaTable) -> None:
    page = to_html([quoting, table])
    found = Page(page)
    assert found.open == []
    assert found.tags.count("table") == 2
    assert {"script", "link", "img"}.isdisjoint(found.tags)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    assert "<b>+5.10</b><small>± 0.14</small>" in page
    assert "<u>+3.10</u><small>± 0.14</small>" in page
    assert "Quoted: Qin et al. 2025" in page
    assert len(re.findall(r'<th scope="row">', page)) == 4 + 21 + 4


def test_html_shows_odd_names_as_they_are() -> None:
    odd = "<script>alert(1)</script> & 'x'"
    page = to_html(side_by_side([nyuv2(odd)]))
    assert "script" not in Page(page).tags
    assert odd in "".join(Page(page).text)
