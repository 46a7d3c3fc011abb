"""What a check of the doctor finds."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mdml_tune.errors import MdmlTuneError


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """A study runs, but may be slow, lose time, or be hard to compare."""
    PROBLEM = "problem"
    """A study fails."""


@dataclass(frozen=True, slots=True)
class Check:
    what: str
    state: State
    said: str
    remedy: str = ""


def ok(what: str, said: str) -> Check:
    return Check(what, State.OK, said)


def warning(what: str, said: str, remedy: str) -> Check:
    return Check(what, State.WARNING, said, remedy)


def problem(what: str, said: str, remedy: str = "") -> Check:
    return Check(what, State.PROBLEM, said, remedy)


def attempt(what: str, look: Callable[[], str]) -> Check:
    """What ``look`` says; a problem where it raises an error that a user can mend."""
    try:
        return ok(what, look())
    except MdmlTuneError as error:
        return problem(what, str(error))  # which says its own remedy
