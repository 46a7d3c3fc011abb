"""Any text in LaTeX: nothing acts, nothing is lost, everything is ASCII."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.analysis.tables.latex_text import latex


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a_b & 50% [x] #1 {y} ~^\\ $",
            r"a\_b \& 50\% {[}x{]} \#1 \{y\} \textasciitilde{}\textasciicircum{}\textbackslash{} \$",
        ),
        ("Δm ↑ -1.5 ± 2", r"$\Delta m$ $\uparrow$ $-$1.5 $\pm$ 2"),
        ("[-0.10, +2] a-3 10.5", r"{[}$-$0.10, +2{]} a-3 10.5"),
        ("*best `x` |y| <z>", r"{*}best {`}x{`} $|$y$|$ $<$z$>$"),
        ("a--b–c", "a-{}-b--c"),
        ("é ñ ü ç Å ß ø ł", r"\'{e} \~{n} \"{u} \c{c} \r{A} \ss{} \o{} \l{}"),
        ("λ=0.3, Ω, β, ς, Β, ο", r"$\lambda$=0.3, $\Omega$, $\beta$, $\varsigma$, $B$, $o$"),
        ("x² µ 5° † ‡", r"x$^2$ $\mu$ 5$^\circ$ $\dagger$ $\ddagger$"),
        ("🚀 网", "{[}U+1F680{]} {[}U+7F51{]}"),
        ("two\nlines\t of  it", "two lines of it"),
        ("Ϟ ά", r"{[}U+03DE{]} {[}U+03AC{]}"),
        ("ﬁne", "fine"),
        ("", ""),
    ],
)
def test_known_texts(text: str, expected: str) -> None:
    assert latex(text) == expected


@given(st.text())
def test_whatever_it_is_it_is_printable_ascii(text: str) -> None:
    found = latex(text)
    assert found.isascii()
    assert found.isprintable()


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_braces_and_mathematics_are_closed(text: str) -> None:
    found = latex(text).replace(r"\{", "").replace(r"\}", "").replace(r"\$", "")
    assert found.count("{") == found.count("}")
    assert found.count("$") % 2 == 0


def test_decomposed_letters_are_the_same_letters() -> None:
    assert latex(unicodedata.normalize("NFD", "naïve")) == latex("naïve") == r"na\"{i}ve"
