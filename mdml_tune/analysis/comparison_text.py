"""Methods against each other, as text."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mdml_tune.analysis.comparisons import DELTA_M, ENSEMBLE, GAP, ComparisonRow
from mdml_tune.analysis.numbers import interval, probability, signed
from mdml_tune.analysis.text_table import TextTable, cells

_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        DELTA_M: "Δm gain, test ↑",
        ENSEMBLE: "Δm gain of the ensembles, test ↑",
        GAP: "generalisation gap, train − val ↓",
    }
)


def comparison_text(rows: Sequence[ComparisonRow]) -> TextTable:
    """Differences in percentage points, with 95 % interval and uncorrected p."""
    return TextTable(
        words=3,
        caption="Method minus reference, paired by seed, in percentage points; p of a two-sided "
        "paired t test, not corrected for the number of comparisons.",
        groups=(),
        header=("measure", "method", "against", "difference", "95 % CI", "p", "seeds"),
        rows=tuple(
            cells(
                _MEASURES[row.measure],
                row.method,
                row.reference,
                signed(row.difference.mean),
                interval(row.difference.interval),
                probability(row.difference.p),
                str(row.difference.seeds),
            )
            for row in rows
        ),
    )
