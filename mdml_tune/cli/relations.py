"""How tasks are related, on the terminal."""

from typing import TypeGuard, get_args

from rich import box
from rich.console import Console
from rich.table import Table

from mdml_tune.errors import ConfigError
from mdml_tune.scd.complexity import stability
from mdml_tune.scd.dendrogram import interval_lines, tree_lines
from mdml_tune.scd.partition import Linkage, intervals, merges
from mdml_tune.scd.queue import queue_of
from mdml_tune.scd.relations import RANGES, Kind, Relations


def check_choice(similarity: str, linkage: str) -> tuple[Kind, Linkage]:
    """What was asked for.

    Raises:
        ConfigError: There is no such similarity or linkage.
    """
    if not _is_kind(similarity):
        raise ConfigError(f"--similarity {similarity}: allowed are {', '.join(RANGES)}.")
    if not _is_linkage(linkage):
        raise ConfigError(f"--linkage {linkage}: allowed are average, single.")
    return similarity, linkage


def show_relations(console: Console, relations: Relations, kind: Kind, linkage: Linkage) -> None:
    """Print the matrix, the dendrogram, the partitions and the order of the tasks."""
    tasks, matrix = relations.tasks, relations.similarity[kind]
    table = Table(
        title=f"Similarity of tasks ({kind}, mean of {relations.seeds} seeds)",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    table.add_column("")
    for task in tasks:
        table.add_column(task, justify="right")
    for task, row in zip(tasks, matrix, strict=True):
        table.add_row(task, *(f"{value:.3f}" for value in row))
    console.print(table)
    if len(tasks) == 1:
        return
    low, high = RANGES[kind]
    tree = tree_lines(merges(matrix, tasks, linkage), tasks, low=low, high=high)
    partitions = interval_lines(intervals(matrix, tasks, linkage, low, high))
    lines = [
        f"Dendrogram ({linkage} linkage)",
        *tree,
        "",
        "Partitions that a grouping threshold chooses between",
        *partitions,
        "",
        *_complexity_lines(relations),
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _complexity_lines(relations: Relations) -> list[str]:
    if relations.complexity is None:
        return []
    complexity = relations.complexity
    order = queue_of(tuple((task,) for task in relations.tasks), complexity, "complex_first")
    agreement = stability(relations.complexity_per_seed)
    said = "" if agreement is None else f" (agreement of the seeds, Kendall's tau: {agreement:.2f})"
    return [
        f"Complexity: loss of equal weighting against single-task networks, in percent{said}",
        *(f"  {task:<14}{complexity[task]:+8.2f}" for block in order for task in block),
    ]


def _is_kind(name: str) -> TypeGuard[Kind]:
    return name in RANGES


def _is_linkage(name: str) -> TypeGuard[Linkage]:
    return name in get_args(Linkage)
