"""Checks the comparisons under ``require``: written well, of numbers there are, and to be met."""

from collections.abc import Iterator, Sequence

from mdml_tune.config.per_task import PER_TASK
from mdml_tune.config.schema import Problem, suggestion
from mdml_tune.spaces.allowed import DRAWN, unfulfilled
from mdml_tune.spaces.require import PER_TASK_PATHS, Comparison, number_at, parse_requirement
from mdml_tune.spaces.settings import NUMBERS, names_below, types_at
from mdml_tune.spaces.space import Space
from mdml_tune.tasks import Task


def parsed(texts: Sequence[str]) -> tuple[list[Comparison], list[Problem]]:
    """The comparisons that are meant, and what is wrong with those that cannot be any."""
    found: list[Comparison] = []
    problems: list[Problem] = []
    for index, text in enumerate(texts):
        comparison = parse_requirement(text)
        if isinstance(comparison, str):
            problems.append(Problem(f"require.{index}", comparison))
            continue
        unknown = [_unknown(path) for path in comparison.paths]
        complaints = [complaint for complaint in unknown if complaint is not None]
        problems += [Problem(f"require.{index}", complaint) for complaint in complaints[:1]]
        if not complaints:
            found.append(comparison)
    return found, problems


def requirement_problems(
    space: Space, texts: Sequence[str], requirements: Sequence[Comparison], tasks: Sequence[Task]
) -> Iterator[Problem]:
    """Requirements that say nothing about the trials of this space, or leave none of them.

    Args:
        space: What is searched.
        texts: Of ``require``.
        requirements: Those that could be read.
        tasks: Of the study.
    """
    said = [
        Problem(f"require.{texts.index(one.text)}", complaint)
        for one in requirements
        if (complaint := _pointless(space, one, tasks)) is not None
    ]
    yield from said
    unmet = [] if said else unfulfilled(space, requirements)
    if len(unmet) > 1:
        yield Problem(
            "require",
            f"no trial fulfils all of {'; '.join(one.text for one in unmet)} at once ({DRAWN:,} "
            f"drawn); drop one, or widen the domains",
        )
    elif unmet:
        yield Problem(
            f"require.{texts.index(unmet[0].text)}",
            f"no trial fulfils {unmet[0].text!r} ({DRAWN:,} drawn); drop it, or widen the domains",
        )


def _unknown(path: str) -> str | None:
    """What is wrong with a path, whatever the study."""
    types = types_at(path)
    if types & NUMBERS or path in PER_TASK_PATHS:
        return None
    if types:
        return f"{path} is never a number, and numbers alone are compared"
    known, *rest = path.split(".")
    while rest and types_at(f"{known}.{rest[0]}"):
        known = f"{known}.{rest.pop(0)}"
    above, key = (known, rest[0]) if types_at(known) and rest else ("", known)
    names = names_below(above)
    where = f"below {above}" if above else "in a trial"
    told = f" (there: {', '.join(names)}){suggestion(key, names)}" if names else ""
    return f"there is no {key!r} {where}{told}"


def _pointless(space: Space, comparison: Comparison, tasks: Sequence[Task]) -> str | None:
    for path in comparison.paths:
        parent, _, task = path.rpartition(".")
        owners = [one.owners(tuple(tasks)) for one in PER_TASK if one.path == parent]
        if owners and task not in owners[0]:
            return f"{path}: {task} has none here (those that have: {', '.join(owners[0])})"
        if path in PER_TASK_PATHS and all(
            number_at(space.resolve(corner), path) is None for corner in space.corners()
        ):
            below = ", ".join(f"{path}.{task}" for task in tasks)
            return f"{path} is never one number here; name that of a task ({below})"
    return None
