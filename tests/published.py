"""Rows of published tables, as the package quotes them: what must come out of our formulas."""

from collections.abc import Mapping
from typing import NamedTuple

from mdml_tune.analysis.published.library import NEAR, PublishedTable, names, published
from mdml_tune.tasks import Task

__all__ = ["DROP", "ELSEWHERE", "GAIN", "NEAR", "NYUV2", "PRINTED", "TABLES", "Printed", "Table"]

NYUV2 = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)

GAIN, DROP = "delta_m", "delta_m_drop"
"""Columns of ours."""


class Printed(NamedTuple):
    """One Δm of one row."""

    table: str
    method: str
    column: str
    """``delta_m`` (gain within tasks first) or ``delta_m_drop`` (over metrics)."""
    printed: float
    recomputed: float
    """From the printed scores; another value than the printed one is in ``ELSEWHERE``."""


class Table(NamedTuple):
    tasks: tuple[Task, ...]
    single: Mapping[str, float]
    """Scores of the single-task networks, under the paths of our metrics."""
    scores: Mapping[str, Mapping[str, float]]
    """The same of each method."""
    printed: tuple[Printed, ...]


ELSEWHERE: Mapping[tuple[str, str, str], float] = {
    # The authors' value does not follow from their scores; another paper (IMGrad,
    # arXiv:2503.08006) prints -0.59 for the same row.
    ("nyuv2-segnet", "IMTL-G", DROP): -0.60,
    # A last digit.
    ("nyuv2-resnet50", "Nash-MTL", GAIN): -1.02,
    # Depth errors of Cityscapes have two or three digits: enough for a tenth of a point.
    ("cityscapes-segnet", "LS", DROP): 22.62,
    ("cityscapes-segnet", "SI", DROP): 14.07,
    ("cityscapes-segnet", "RLW", DROP): 24.37,
    ("cityscapes-segnet", "DWA", DROP): 21.43,
    ("cityscapes-segnet", "PCGrad", DROP): 18.21,
    ("cityscapes-segnet", "CAGrad", DROP): 11.58,
    ("cityscapes-segnet", "IMTL-G", DROP): 11.04,
    ("cityscapes-segnet", "Nash-MTL", DROP): 6.72,
    ("cityscapes-segnet", "FairGrad", DROP): 5.12,
    ("cityscapes-resnet50", "GLS", GAIN): -0.46,
    ("cityscapes-resnet50", "MGDA", GAIN): -0.28,
    ("cityscapes-resnet50", "GradNorm", GAIN): -1.53,
    ("cityscapes-resnet50", "GradDrop", GAIN): -2.03,
    ("cityscapes-resnet50", "IMTL-G", GAIN): -0.41,
    ("cityscapes-resnet50", "Aligned-MTL", GAIN): -0.35,
    ("cityscapes-resnet50", "IMTL", GAIN): -0.26,
    ("cityscapes-resnet50", "DB-MTL", GAIN): 0.12,
}
"""(table, method, column) -> Δm recomputed, where it is not what is printed."""


def _table(of: PublishedTable) -> Table:
    printed = [
        Printed(
            of.name, row.method, str(column), x, ELSEWHERE.get((of.name, row.method, column), x)
        )
        for row in of.rows
        for column, x in row.printed.items()
    ]
    scores = {row.method: row.scores for row in of.rows}
    return Table(of.tasks, of.single.scores, scores, tuple(printed))


TABLES: Mapping[str, Table] = {name: _table(published(name)) for name in names()}
PRINTED = [one for table in TABLES.values() for one in table.printed]
