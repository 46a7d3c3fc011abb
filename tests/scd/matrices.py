"""Similarities of chance, for the laws that hold for any."""

from itertools import combinations

from hypothesis import strategies as st

from mdml_tune.scd.partition import Matrix
from mdml_tune.tasks import Task


def matrix_of(pairs: dict[tuple[Task, Task], float], tasks: tuple[Task, ...]) -> Matrix:
    return tuple(
        tuple(1.0 if a == b else pairs.get((a, b), pairs.get((b, a), 0.0)) for b in tasks)
        for a in tasks
    )


@st.composite
def similarities(draw: st.DrawFn) -> tuple[Matrix, tuple[Task, ...]]:
    """A few tasks in any order; many of the entries are equal, some at the ends of the range."""
    chosen = draw(st.permutations(list(Task)))
    tasks = tuple(chosen[: draw(st.integers(1, len(Task)))])
    entry = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0]))
    pairs = {pair: draw(entry) for pair in combinations(tasks, 2)}
    return matrix_of(pairs, tasks), tasks
