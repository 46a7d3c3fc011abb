"""Checks a space at its corners: every trial that can be drawn there must be one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mdml_tune.config.load import check_trial
from mdml_tune.config.schema import Problem, plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.allowed import allowed_corners
from mdml_tune.spaces.domains import Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.require import Comparison
from mdml_tune.spaces.sections import at, stems_from
from mdml_tune.spaces.space import Assignment, Space
from mdml_tune.spaces.tree import Parameter, plant

Methods = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Trials:
    space: Space
    configs: tuple[TrialConfig, ...]
    """Of the corners that are in order."""
    problems: tuple[Problem, ...]


def check_trials(
    trial: Mapping[str, object], methods: Methods | None, required: Sequence[Comparison] = ()
) -> Trials:
    """The trials at the corners of a space, and what is wrong with it, under the file's paths.

    Corners that break a requirement are no trials, so nothing can be wrong with them.
    """
    root, malformed = plant(trial, methods)
    space = Space(root)
    problems = [*malformed, *_data_problems(space)]
    configs: list[TrialConfig] = []
    # Before a malformed domain can be searched it must be repaired: what it breaks is not said.
    spoilt = tuple(problem.path for problem in malformed)
    for corner in allowed_corners(space, required):
        method = space.method(corner)
        config = check_trial(space.resolve(corner))
        if isinstance(config, TrialConfig):
            configs.append(config)
            problems += _misplaced_integers(space, corner, config)
            continue
        for problem in config:
            path = written(problem.path, trial, methods, method)
            if not f"{path}.".startswith(tuple(f"{start}." for start in spoilt)):
                problems.append(Problem(path, _told(problem, space, corner)))
    return Trials(space, tuple(configs), tuple(dict.fromkeys(problems)))


def written(
    path: str, trial: Mapping[str, object], methods: Methods | None, method: str | None
) -> str:
    """Where the study file says what a trial has at ``path``."""
    over = {} if methods is None or method is None else methods[method]
    if stems_from(over, trial, path):
        return f"methods.{method}.{path}"
    return f"trial.{path}" if path else "trial"


def _data_problems(space: Space) -> Iterator[Problem]:
    for parameter in space.parameters:
        if parameter.path.split(".")[0] == "data":
            yield Problem(
                parameter.written,
                "what is learnt from cannot be searched: Δm compares on the same data; "
                "give one value",
            )


def _told(problem: Problem, space: Space, corner: Assignment) -> str:
    of_floats = any(
        isinstance(parameter.domain, Uniform | LogUniform)
        for parameter in _asked(space, corner)
        if parameter.path == problem.path
    )
    if of_floats and "valid integer" in problem.message:
        return f"{problem.message}; a float domain stands on whole numbers: use int or log_int"
    return problem.message


def _misplaced_integers(space: Space, corner: Assignment, config: TrialConfig) -> Iterator[Problem]:
    values = plain(config)
    for parameter in _asked(space, corner):
        found = _looked_up(values, parameter.path)
        if isinstance(parameter.domain, Int | LogInt) and isinstance(found, float):
            yield Problem(
                parameter.written,
                f"an int domain stands on a setting that takes fractions (found {found}); "
                f"use uniform or log_uniform",
            )


def _asked(space: Space, corner: Assignment) -> Iterator[Parameter]:
    return (parameter for parameter in space.parameters if parameter.name in corner)


def _looked_up(value: object, path: str) -> object:
    """The value at ``path``; of a number that stood for all tasks, that of the first."""
    value = at(value, path)
    while isinstance(value, dict):
        value = next(iter(value.values()), None)
    return value
