"""Figures within a page: short, without foreign ids, and with colours for the dark."""

import re

import pytest
from matplotlib.colors import to_rgb

from mdml_tune.analysis.figures import dark as in_the_dark
from mdml_tune.analysis.figures.dark import dark
from mdml_tune.analysis.figures.inline import colours, to_inline_svg
from mdml_tune.analysis.figures.style import (
    GREY,
    GRID,
    INK,
    PALETTE,
    PAPER,
    SHADE,
    Drawing,
    Mark,
    new_figure,
)


def figure() -> Drawing:
    made = new_figure()
    axes = made.add_subplot()
    made.tell(axes.scatter([1, 2, 3], [1.2345678, 5, 2], color=PALETTE[0]), [Mark("a")] * 3)
    axes.set_xlabel("Δm <1> & more")
    axes.set_title(r"$10^{-2}$")
    return made


def contrast(one: str, other: str) -> float:
    """Of two colours, by WCAG 2: 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [
            p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in to_rgb(colour)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_svg_belongs_to_the_page() -> None:
    text = to_inline_svg(figure(), "name", 'a "title" <b>')
    assert text.startswith('<svg viewBox="0 0 345.6 244.8"')
    assert text.endswith("</svg>")
    assert 'aria-label="a  title   b "' in text
    assert all(found.startswith("name-") for found in re.findall(r'\bid="([^"]*)"', text))
    assert all(
        found.startswith("name-") for found in re.findall(r'(?:url\(#|href="#)([^)"]*)', text)
    )
    for foreign in ("<?xml", "<style", "metadata", "xmlns", "xlink", "DejaVu", "http", "\n"):
        assert foreign not in text, foreign
    assert "Δm &lt;1&gt; &amp; more" in text
    assert not re.search(r'\sd="[^"]*\.\d{3}', text)
    assert re.search(r'id="name-marks-0".*?(<use [^>]*>){3}', text)


def test_every_colour_is_a_variable_with_two_values() -> None:
    text = to_inline_svg(figure(), "name", "title")
    assert not re.search(r"(fill|stroke): #", text)
    found = colours([text, text])
    assert set(re.findall(r"var\((--c\w+)\)", text)) == set(found)
    assert found["--c0072b2"] == ("#0072b2", dark("#0072b2"))
    assert list(found) == sorted(found)


def test_the_dark_turns_paper_to_paper_and_keeps_ink_readable() -> None:
    assert dark(PAPER) == in_the_dark.PAPER
    for colour in (*PALETTE, INK, "#000000"):
        assert contrast(dark(colour), in_the_dark.PAPER) > 5, colour
    assert contrast(dark(GREY), in_the_dark.PAPER) > 2
    for faint in (GRID, SHADE):
        assert 1.15 < contrast(dark(faint), in_the_dark.PAPER) < 1.8
    assert len({dark(colour) for colour in PALETTE}) == len(PALETTE)


@pytest.mark.parametrize("colour", ["#440154", "#21918c", "#fde725"])
def test_a_scale_keeps_its_order_on_a_dark_page(colour: str) -> None:
    """What stands out on white stands out on black."""
    light, night = contrast(colour, PAPER), contrast(dark(colour), in_the_dark.PAPER)
    assert (light > 3) == (night > 3)
