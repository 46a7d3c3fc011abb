"""The colours of a figure on a dark page."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from matplotlib.colors import to_hex, to_rgb

PAPER = "#15181c"
"""What the page is drawn on, in the dark."""

CHOSEN: Mapping[str, str] = MappingProxyType(
    {
        "#000000": "#e6e8eb", "#0072b2": "#3e93dc", "#d55e00": "#f07d2e",
        "#009e73": "#22bf95", "#cc79a7": "#de94bc", "#e69f00": "#f2be4b",
        "#56b4e9": "#9ad4f7",
    }
)  # fmt: skip
"""Ink, and ``style.PALETTE``: as far from each other there, and bright enough for thin lines."""


@cache
def dark(colour: str) -> str:
    """The counterpart of ``#rrggbb``: as far from a dark paper as it was from white, in its hue.

    Inverted and turned by half the colour circle, which is what the CSS filter ``invert(1)
    hue-rotate(180deg)`` does to a picture (Filter Effects Module, W3C, section on hue-rotate), so
    that pictures and lines keep matching each other.
    """
    if colour.lower() in CHOSEN:
        return CHOSEN[colour.lower()]
    red, green, blue = (1 - part for part in to_rgb(colour))
    paper = to_rgb(PAPER)
    return to_hex(
        (
            _lifted(-0.574 * red + 1.430 * green + 0.144 * blue, paper[0]),
            _lifted(0.426 * red + 0.430 * green + 0.144 * blue, paper[1]),
            _lifted(0.426 * red + 1.430 * green - 0.856 * blue, paper[2]),
        )
    )


def _lifted(part: float, paper: float) -> float:
    """Above the paper, whose brightness takes the place of black."""
    return paper + (1 - paper) * min(max(part, 0.0), 1.0)
