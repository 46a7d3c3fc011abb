"""``require``: comparisons that every trial must fulfil, read by hand and never run as code."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mdml_tune.config.per_task import PER_TASK
from mdml_tune.spaces.sections import at, has
from mdml_tune.spaces.whole import whole

Number = int | float

COMPARED: Mapping[str, Callable[[Number, Number], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}

NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")

EXAMPLE = "such as 'mutual.warmup_epochs < training.epochs'"

MOST_CHARACTERS = 200

PER_TASK_PATHS = tuple(one.path for one in PER_TASK)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One requirement; each side is a number, or the dotted path of one below ``trial``."""

    text: str
    left: str | Number
    sign: str
    right: str | Number

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(side for side in (self.left, self.right) if isinstance(side, str))

    def holds(self, values: Mapping[str, object]) -> bool:
        """Whether a trial, as plain values, fulfils it.

        It does where one side is null, inactive or no number: then there is nothing to compare.
        """
        left, right = (_number(values, side) for side in (self.left, self.right))
        return left is None or right is None or COMPARED[self.sign](left, right)


def parse_requirement(text: str) -> Comparison | str:
    """The comparison that ``text`` writes down, or what is wrong with it."""
    if len(text) > MOST_CHARACTERS:
        return f"found {len(text)} characters, allowed: {MOST_CHARACTERS}"
    parts = re.split(r"(<=|>=|==|!=|<|>)", text)
    if len(parts) != 3:  # noqa: PLR2004 (two sides and a sign)
        return (
            f"found {text!r}; write one comparison ({', '.join(COMPARED)}) of two paths, or of a "
            f"path and a number, {EXAMPLE}"
        )
    sides = [_side(parts[0]), _side(parts[2])]
    for given, side in zip((parts[0], parts[2]), sides, strict=True):
        if side is None:
            return f"found {given.strip()!r}, which is neither a path nor a number; write {EXAMPLE}"
    left, right = sides
    if not isinstance(left, str) and not isinstance(right, str):
        return f"found {text!r}, which compares two numbers; name a path on one side, {EXAMPLE}"
    assert left is not None and right is not None  # noqa: S101, PT018 (told above)
    return Comparison(text, left, parts[1], right)


def number_at(values: Mapping[str, object], path: str) -> Number | None:
    """The number at a path of a trial, given or its default; none where there is none.

    A number that stands for all tasks stands for each of them.
    """
    if has(values, path):
        return _as_number(at(values, path))
    parent = path.rpartition(".")[0]
    if parent in PER_TASK_PATHS and (shared := _as_number(at(values, parent))) is not None:
        return shared
    if _is_off(values, path):
        return None
    return _as_number(at(whole(values), path))


def _is_off(values: Mapping[str, object], path: str) -> bool:
    """Whether a section on the way is null: that needs no look at defaults."""
    above = path.split(".")[:-1]
    ways = (".".join(above[: length + 1]) for length in range(len(above)))
    return any(has(values, way) and at(values, way) is None for way in ways)


def _side(text: str) -> str | Number | None:
    text = text.strip()
    if NUMBER.fullmatch(text):
        number = float(text) if re.search(r"[.eE]", text) else int(text)
        return number if math.isfinite(number) else None
    return text.removeprefix("trial.") if PATH.fullmatch(text) else None


def _number(values: Mapping[str, object], side: str | Number) -> Number | None:
    return number_at(values, side) if isinstance(side, str) else side


def _as_number(value: object) -> Number | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
