"""How numbers are written: rounded here and nowhere else."""

from collections.abc import Mapping
from types import MappingProxyType

from mdml_tune.analysis.noise.intervals import Interval
from mdml_tune.delta_m import Convention
from mdml_tune.tasks import Metric

NOTHING = "–"

DECIMALS: Mapping[str, int] = MappingProxyType(
    {"fraction": 4, "data unit": 4, "degrees": 2, "dB": 2}
)
"""Digits behind the point by unit: as many as published tables give."""

GAIN = "Δm gain ↑ [%]"
DROP = "Δm drop ↓ [%]"
PRIMARY = "Δm primary ↑ [%]"

HEADINGS: Mapping[Convention, str] = MappingProxyType(
    {Convention.GAIN: GAIN, Convention.DROP: DROP, Convention.PRIMARY: PRIMARY}
)
MEANINGS: Mapping[Convention, str] = MappingProxyType(
    {
        Convention.GAIN: "Δm gain: mean relative gain over single-task networks, over the metrics "
        "of a task first, then over tasks (LibMTL); positive is better.",
        Convention.DROP: "Δm drop: mean relative loss over all metrics at once (CAGrad, Nash-MTL, "
        "FAMO); negative is better.",
        Convention.PRIMARY: "Δm primary: mean relative gain in the first metric of each task (Maninis "
        "et al. 2019, Vandenhende et al. 2021); positive is better.",
    }
)

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "miou": "mIoU", "pix_acc": "pixel acc.", "abs_err": "abs. err.", "rel_err": "rel. err.",
        "mean_angle": "mean", "median_angle": "median", "within_11.25": "<11.25°",
        "within_22.5": "<22.5°", "within_30": "<30°", "f1": "F1", "average_precision": "AP",
        "mae": "MAE", "psnr": "PSNR",
    }
)  # fmt: skip
_UNITS: Mapping[str, str] = MappingProxyType({"degrees": " [°]", "dB": " [dB]"})


def metric_name(metric: Metric) -> str:
    """``mIoU ↑``: name, direction, and the unit where it is not a fraction."""
    arrow = "↑" if metric.higher_is_better else "↓"
    return f"{_NAMES.get(metric.name, metric.name)} {arrow}{_UNITS.get(metric.unit, '')}"


def score(value: float, metric: Metric) -> str:
    """A score, or its standard deviation, in the metric's own unit."""
    return f"{value:.{DECIMALS[metric.unit]}f}"


def points(value: float) -> str:
    """A spread of Δm, in percentage points."""
    return f"{value:.2f}"


def signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+z.2f}"


def interval(value: Interval | None) -> str:
    return NOTHING if value is None else f"[{signed(value.low)}, {signed(value.high)}]"


def probability(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "<0.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004 (the last digit shown)


def chance(value: float | None) -> str:
    """A simulated probability: two digits are all that the draws support."""
    if value is None:
        return NOTHING
    return f"{value:.2f}" if 0.01 <= value <= 0.99 else "<0.01" if value < 0.5 else ">0.99"  # noqa: PLR2004


def tick(value: float) -> str:
    """An axis label: three digits are enough to read a scale by."""
    return f"{value:.3g}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def hours(value: float) -> str:
    return f"{value:.2f} h" if value >= 0.01 else f"{3600 * value:.0f} s"  # noqa: PLR2004
