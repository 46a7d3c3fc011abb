"""What was searched, as columns: of each configuration the value that it was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mdml_tune.analysis.ranking import Group, RankedRow
from mdml_tune.errors import ConfigError
from mdml_tune.records import StudyRecord, Value
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.space import Space

Values_N = NDArray[np.float64]

EPOCHS = "training.epochs"

_DECADE = 10
"""Numbers that span more are read on a log axis, where the study file does not say."""


@dataclass(frozen=True)  # no slots: what follows from thousands of values is found once
class Column:
    """One searched parameter that differs between the configurations which have it."""

    name: str
    values: tuple[Value, ...]
    """Of each configuration; None where it does not have the parameter."""
    is_log: bool = False
    """Whether its axis is logarithmic."""

    @cached_property
    def holders(self) -> tuple[int, ...]:
        """Places of the configurations that have it."""
        return tuple(place for place, value in enumerate(self.values) if value is not None)

    @cached_property
    def held(self) -> tuple[str | int | float | bool, ...]:
        """The values of ``holders``."""
        return tuple(value for value in self.values if value is not None)

    @cached_property
    def is_numeric(self) -> bool:
        return all(isinstance(v, int | float) and not isinstance(v, bool) for v in self.held)

    @cached_property
    def is_whole(self) -> bool:
        return self.is_numeric and all(isinstance(value, int) for value in self.held)

    @cached_property
    def options(self) -> tuple[str, ...]:
        """What a parameter that is no number can be, in order."""
        return tuple(sorted({str(value) for value in self.held}))

    def numbers(self, places: Sequence[int]) -> Values_N:
        """The values there, as numbers; of what is no number, the place among the options."""
        values = [self.values[place] for place in places]
        if self.is_numeric:
            return np.array([float(value) for value in values if value is not None])
        options = self.options
        return np.array([float(options.index(str(value))) for value in values])


def full_length(rows: Sequence[RankedRow]) -> tuple[RankedRow, ...]:
    """The searched configurations whose scores can be compared: trained equally long, to the end.

    Of several lengths the longest. Where the length itself is searched, it is a parameter like any
    other, and all that came to their end take part.
    """
    done = [row for row in rows if row.group is Group.COMPLETED]
    longest = max((row.epochs for row in done), default=0)
    return tuple(row for row in done if row.epochs == longest or EPOCHS in row.parameters)


def columns(study: StudyRecord, rows: Sequence[RankedRow]) -> tuple[Column, ...]:
    """The parameters of ``rows`` that have at least two values, in order of first appearance.

    Log as the study file says; for a choice between numbers, if they span more than a decade.
    """
    domains = _domains(study)
    names = dict.fromkeys(name for row in rows for name in row.parameters)
    found = (Column(name, tuple(row.parameters.get(name) for row in rows)) for name in names)
    return tuple(
        replace(column, is_log=_is_log(column, domains.get(column.name)))
        for column in found
        if len(set(column.held)) > 1
    )


def _is_log(column: Column, domain: Domain | None) -> bool:
    match domain:
        case Uniform() | Int():
            return False
        case LogUniform() | LogInt():
            return column.is_numeric and min(map(float, column.held)) > 0
        case Choice() | None:
            numbers = [float(value) for value in column.held] if column.is_numeric else [0.0]
            return min(numbers) > 0 and max(numbers) > _DECADE * min(numbers)


def _domains(study: StudyRecord) -> dict[str, Domain]:
    """Dotted path -> what the study file lets it be; nothing where another version wrote it."""
    trial = cast("Mapping[str, object]", study.study.get("trial") or {})
    methods = cast("Mapping[str, Mapping[str, object]] | None", study.study.get("methods"))
    try:
        space = Space.of(trial, methods)
    except ConfigError:
        return {}
    return {parameter.path: parameter.domain for parameter in space.parameters}
