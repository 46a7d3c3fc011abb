"""A figure as part of a page: an SVG that takes the page's font, and its colours in the dark."""

import re
from collections.abc import Iterable

from mdml_tune.analysis.figures.dark import dark
from mdml_tune.analysis.figures.style import Drawing, encode

_POINTS = 72
"""In an inch."""

_COLOUR = re.compile(r"(fill|stroke|stop-color): #([0-9a-f]{6})")
_VARIABLE = re.compile(r"var\(--c([0-9a-f]{6})\)")
_PLACES = re.compile(r'(?<= )(?:d|x|y|transform)="[^"]*"')
_SHORTER = (
    (re.compile(r"<metadata>.*?</metadata>|<style .*?</style>|<!--.*?-->", re.DOTALL), ""),
    (re.compile(r"\s*\n\s*"), " "),
    (re.compile(r"(?<=>) (?=<)|(?<=base64,) | (?=/?>)"), ""),
    (re.compile(r"font-family: [^;\"]+"), "font-family: var(--font)"),
    (re.compile(r"xlink:href"), "href"),
)
"""What only an SVG that stands alone needs, and what merely makes it longer."""


def to_inline_svg(figure: Drawing, name: str, title: str) -> str:
    """The figure as an ``<svg>`` element for a page with several.

    Ids begin with ``name``; ``title`` is what it is called where it is not seen. Coordinates are
    rounded to a hundredth of a point. Colours are variables (see ``colours``), and so is the font.
    """
    text = encode(figure, "svg").decode()
    text = text[text.index(">", text.index("<svg")) + 1 :]
    for pattern, instead in _SHORTER:
        text = pattern.sub(instead, text)
    text = _PLACES.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), text)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    text = _COLOUR.sub(r"\1: var(--c\2)", text)
    width, height = (side * _POINTS for side in figure.get_size_inches())
    label = re.sub(r'[<>"&]', " ", title)
    return (
        f'<svg viewBox="0 0 {width:.1f} {height:.1f}" style="--width: {width:.0f}px" role="img" '
        f'aria-label="{label}">{text.strip()}'
    )


def colours(drawings: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Variable -> colour on a light and on a dark page, of everything in some inline SVGs."""
    found = {colour for drawing in drawings for colour in _VARIABLE.findall(drawing)}
    return {f"--c{colour}": (f"#{colour}", dark(f"#{colour}")) for colour in sorted(found)}
