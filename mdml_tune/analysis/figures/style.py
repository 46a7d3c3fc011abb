"""What all figures have in common: size, colours, and how they become files."""

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours: told apart by colour-blind readers, and in grey print."""

GREY = "#9A9A9A"
INK = "#222222"
WIDTH = 5.6
"""Inches: small enough for its text to be read on a phone."""

GAIN_AXIS = "Δm gain [%], {split} (higher is better)"

_METADATA = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "png": {"Software": None},
}


def new_figure(width: float = WIDTH, height: float = 3.4) -> Figure:
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def tidy(axes: Axes) -> None:
    """No frame where there is no axis, a light grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E5E5E5", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
    axes.xaxis.get_label().set_fontsize(8.5)
    axes.yaxis.get_label().set_fontsize(8.5)


def encode(figure: Figure, kind: str) -> bytes:
    """The figure as ``png`` or ``pdf``: the same bytes whenever it is drawn."""
    buffer = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=170, metadata=_METADATA[kind])
    return buffer.getvalue()
