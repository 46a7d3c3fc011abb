"""What all figures have in common: size, colours, what a mark stands for, and how they become files."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours: told apart by colour-blind readers, and in grey print."""

GREY = "#9A9A9A"
INK = "#222222"
GRID = "#E5E5E5"
SHADE = "#E4E4E4"
"""An area that lies behind the data."""
PAPER = "#FFFFFF"
SCALE = "viridis_r"
"""Colours of a quantity: the more, the further from the paper."""

WIDTH = 4.8
"""Inches: its text can be read in a column of a paper, and on a phone."""

GAIN_AXIS = "Δm gain [%], {split}\n(higher is better)"

_METADATA = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
}
_SALT = "mdml_tune"
"""Ids within an SVG are drawn from it: the same whenever it is drawn."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one point, line or bar of a figure stands for: a reader who points at it is told."""

    text: str
    """May have several lines."""
    config_id: str | None = None
    """The configuration that it shows, lit up in every figure and table at once."""


class Drawing(Figure):
    """A figure that knows what its marks stand for."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), layout="constrained", facecolor=PAPER)
        FigureCanvasAgg(self)
        self.marks: dict[str, tuple[Mark, ...]] = {}
        """Id of a group within the SVG -> what its members stand for, in their order."""

    def tell(self, artist: Artist, marks: Sequence[Mark]) -> None:
        """Say what ``artist`` shows: one mark for a line, one per member for a collection."""
        name = f"marks-{len(self.marks)}"
        artist.set_gid(name)
        self.marks[name] = tuple(marks)

    def settle(self) -> None:
        """Lay the figure out once; whatever format it is then written in finds it done."""
        if self.get_layout_engine() is not None:
            self.draw_without_rendering()
            self.set_layout_engine(None)  # "none" would keep one that does nothing


def new_figure(width: float = WIDTH, height: float = 3.4) -> Drawing:
    return Drawing(width, height)


def tidy(axes: Axes) -> None:
    """No frame where there is no axis, a light grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5)
    axes.xaxis.get_label().set_fontsize(9)
    axes.yaxis.get_label().set_fontsize(9)


def encode(figure: Drawing, kind: str) -> bytes:
    """The figure as ``png``, ``pdf`` or ``svg``: the same bytes whenever it is drawn."""
    figure.settle()
    buffer = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": _SALT}):
        figure.savefig(buffer, format=kind, dpi=170, metadata=_METADATA[kind])
    return buffer.getvalue()
