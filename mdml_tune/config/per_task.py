"""Settings that are given per task, or as one number that stands for all of them."""

from collections.abc import Iterator, Mapping, Sequence
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
            given = cast("dict[str, object]", section)
            spelt[one.section] = {**given, one.key: _spread(value, owners)}
    if isinstance(spelt.get("changes"), list):
        changes = cast("list[object]", spelt["changes"])
        spelt["changes"] = [_spelt_out_change(change, names) for change in changes]
    return spelt


def as_written(values: Mapping[str, object], problems: list[Problem]) -> list[Problem]:
    """Problems of a number that stood for all tasks, said once and of that number."""
    for path in _numbers_for_all(values):
        problems = [
            Problem(path, p.message) if p.path.startswith(f"{path}.") else p for p in problems
        ]
    return list(dict.fromkeys(problems))


def _spread(value: object, owners: Sequence[str]) -> dict[str, object]:
    # An unfit value still reaches the schema where no task can carry it.
    fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return dict.fromkeys(owners, value) if owners or fits else {"": value}


def _spelt_out_change(change: object, names: Sequence[str]) -> object:
    if not isinstance(change, dict):
        return change
    given = cast("dict[str, object]", change)
    value = given.get("mimicry")
    if value is None or isinstance(value, dict):
        return given
    return {**given, "mimicry": _spread(value, names)}


def _numbers_for_all(values: Mapping[str, object]) -> Iterator[str]:
    """Paths at which a map per task could stand, and does not."""
    for one in PER_TASK:
        section = values.get(one.section)
        given = cast("dict[str, object]", section) if isinstance(section, dict) else {}
        if not isinstance(given.get(one.key), dict):
            yield one.path
    changes = values.get("changes")
    for i, change in enumerate(cast("list[object]", changes) if isinstance(changes, list) else []):
        given = cast("dict[str, object]", change) if isinstance(change, dict) else {}
        if not isinstance(given.get("mimicry"), dict):
            yield f"changes.{i}.mimicry"
