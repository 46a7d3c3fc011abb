"""The vocabulary of what is learnt: tasks, and the metrics by which each is judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType


class Task(StrEnum):
    SEGMENTATION = "segmentation"
    DEPTH = "depth"
    NORMALS = "normals"
    EDGES = "edges"
    ALBEDO = "albedo"


CLASSIFICATION_LIKE = frozenset({Task.SEGMENTATION, Task.EDGES})
"""Tasks whose output is a distribution, so that a temperature has a meaning."""


@dataclass(frozen=True)  # no slots: its path is asked for a million times
class Metric:
    """One column of a results table."""

    task: Task
    name: str
    unit: str
    higher_is_better: bool

    @cached_property
    def path(self) -> str:
        """``depth/abs_err``: how the metric is called in histories, MLflow and the CSV."""
        return f"{self.task}/{self.name}"


def _metric(task: Task, name: str, unit: str, *, up: bool) -> Metric:
    return Metric(task, name, unit, higher_is_better=up)


METRICS: Mapping[Task, tuple[Metric, ...]] = MappingProxyType(
    {
        Task.SEGMENTATION: (
            _metric(Task.SEGMENTATION, "miou", "fraction", up=True),
            _metric(Task.SEGMENTATION, "pix_acc", "fraction", up=True),
        ),
        Task.DEPTH: (
            _metric(Task.DEPTH, "abs_err", "data unit", up=False),
            _metric(Task.DEPTH, "rel_err", "fraction", up=False),
        ),
        Task.NORMALS: (
            _metric(Task.NORMALS, "mean_angle", "degrees", up=False),
            _metric(Task.NORMALS, "median_angle", "degrees", up=False),
            _metric(Task.NORMALS, "within_11.25", "fraction", up=True),
            _metric(Task.NORMALS, "within_22.5", "fraction", up=True),
            _metric(Task.NORMALS, "within_30", "fraction", up=True),
        ),
        Task.EDGES: (
            _metric(Task.EDGES, "f1", "fraction", up=True),
            _metric(Task.EDGES, "average_precision", "fraction", up=True),
        ),
        Task.ALBEDO: (
            _metric(Task.ALBEDO, "mae", "fraction", up=False),
            _metric(Task.ALBEDO, "psnr", "dB", up=True),
        ),
    }
)
"""The metrics of each task; the first is its primary one (the one of ``delta_m_primary``)."""


def metrics_of(tasks: Iterable[Task]) -> tuple[Metric, ...]:
    """Every metric of ``tasks``, in the order in which tables show them."""
    return tuple(metric for task in tasks for metric in METRICS[task])
