"""Methods against each other, as text."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mdml_tune.analysis.comparisons import DELTA_M, ENSEMBLE, GAP, ComparisonRow, Family
from mdml_tune.analysis.numbers import interval, probability, signed
from mdml_tune.analysis.tables.text_table import TextTable, cells

_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        DELTA_M: "Δm gain, test ↑",
        ENSEMBLE: "Δm gain of the ensembles, test ↑",
        GAP: "generalisation gap, train − val ↓",
    }
)
_FAMILIES: Mapping[Family, str] = MappingProxyType(
    {
        Family.LEADER: "leader",
        Family.REFERENCE: "reference method",
        Family.PAIRS: "other methods",
    }
)


def comparison_text(rows: Sequence[ComparisonRow]) -> TextTable:
    """Differences in percentage points, with 95 % interval, p, and p corrected for the family."""
    return TextTable(
        words=4,
        caption="Differences in percentage points. Noise is taken to be the same for all that are "
        "compared, and pooled over them; where seeds matter, pairs are compared within seeds. "
        "Interval and p are of the one difference alone; the corrected p allows for all comparisons "
        "of its question: with the leader of those compared, for having picked it by looking; else "
        "by Holm's method.",
        groups=(),
        header=(
            *("compared with", "measure", "method", "against"),
            *("difference", "95 % CI", "p", "p corrected", "seeds"),
        ),
        rows=tuple(
            cells(
                _FAMILIES[row.family],
                _MEASURES[row.measure],
                row.method,
                row.reference,
                signed(row.difference),
                interval(row.interval),
                probability(row.p),
                probability(row.p_corrected),
                str(row.seeds),
            )
            for row in rows
        ),
    )
