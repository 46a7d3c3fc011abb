"""Settings that are given per task, or as one number that stands for all of them."""

from collections.abc import Mapping
from typing import NamedTuple, cast

from mdml_tune.config.schema import Problem
from mdml_tune.tasks import CLASSIFICATION_LIKE, Task

PLAIN_TEMPERATURE = 1.0
"""Leaves logits as they are."""


class PerTask(NamedTuple):
    section: str
    key: str
    default: float
    soft: bool = False
    """Whether classification-like tasks alone have it."""

    @property
    def path(self) -> str:
        return f"{self.section}.{self.key}"

    def owners(self, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
        """Those of ``tasks`` that have it."""
        return tuple(t for t in tasks if t in CLASSIFICATION_LIKE) if self.soft else tasks


PER_TASK = (
    PerTask("mutual", "weight", 1.0),  # plain deep mutual learning
    PerTask("mutual", "temperature", PLAIN_TEMPERATURE, soft=True),
    PerTask("scd", "weight", 0.3),
    PerTask("scd", "temperature", PLAIN_TEMPERATURE, soft=True),
    PerTask("okd_mtl", "weight", 1.0),
    PerTask("r_drop", "weight", 1.0),
)


def spelt_out(values: Mapping[str, object]) -> dict[str, object]:
    """``values`` with a map that names each task wherever one number stood for all."""
    spelt = dict(values)
    data = spelt.get("data")
    tasks = cast("dict[str, object]", data).get("tasks") if isinstance(data, dict) else None
    if not isinstance(data, dict):
        return spelt
    names = [str(t) for t in cast("list[object]", tasks)] if isinstance(tasks, list) else []
    for one in PER_TASK:
        section = spelt.get(one.section)
        if not isinstance(section, dict):
            continue
        owners = [n for n in names if not one.soft or n in CLASSIFICATION_LIKE]
        value = cast("dict[str, object]", section).get(one.key, one.default)
        if not isinstance(value, dict):
            # An unfit value still reaches the schema where no task can carry it.
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            spread = dict.fromkeys(owners, value) if owners or fits else {"": value}
            spelt[one.section] = {**cast("dict[str, object]", section), one.key: spread}
    return spelt


def as_written(values: Mapping[str, object], problems: list[Problem]) -> list[Problem]:
    """Problems of a number that stood for all tasks, said once and of that number."""
    for one in PER_TASK:
        section = values.get(one.section)
        given = cast("dict[str, object]", section) if isinstance(section, dict) else {}
        if not isinstance(given.get(one.key), dict):
            problems = [
                Problem(one.path, p.message) if p.path.startswith(f"{one.path}.") else p
                for p in problems
            ]
    return list(dict.fromkeys(problems))
