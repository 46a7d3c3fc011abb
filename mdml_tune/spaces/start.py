"""``search.start_with``: configurations to try first, given under dotted paths."""

from collections.abc import Iterator, Mapping

from mdml_tune.config.schema import Problem, suggestion
from mdml_tune.records import Value
from mdml_tune.spaces.allowed import drawings
from mdml_tune.spaces.domains import Choice, Domain, Int, LogInt, LogUniform, Uniform
from mdml_tune.spaces.sections import at, has
from mdml_tune.spaces.space import Space
from mdml_tune.spaces.study import Study

COMPLETED = 500
"""Ways of drawing what an entry leaves out, of which one must be allowed."""


def start_problems(study: Study) -> Iterator[Problem]:
    """What is wrong with the configurations that are to be tried first."""
    entries, trials = study.search.start_with, study.search.trials
    if len(entries) > trials:
        yield Problem(
            "search.start_with",
            f"holds {len(entries)} configurations, more than the {trials} of search.trials; leave "
            f"some out, or try as many",
        )
    for index, given in enumerate(entries):
        path = f"search.start_with.{index}"
        wrong = list(_entry_problems(study, path, given))
        yield from wrong
        if not wrong and not _can_be_allowed(study, given):
            yield Problem(
                path,
                f"cannot be completed to a trial that fulfils require "
                f"({'; '.join(study.require)}); change one of them",
            )


def _entry_problems(study: Study, path: str, given: Mapping[str, Value]) -> Iterator[Problem]:
    if not given:
        yield Problem(path, "is empty; give a value for at least one path, or leave it out")
    searched = list(dict.fromkeys(parameter.path for parameter in study.space.parameters))
    asked = {one.parameter.path: one for one in study.space.surely_asked(given)}
    for key, value in given.items():
        if key not in searched:
            yield Problem(f"{path}.{key}", _unknown(study, key, searched))
        elif key not in asked:
            yield Problem(f"{path}.{key}", _inactive(study, given, key))
        elif not asked[key].admits(value):
            allowed = _told(asked[key].parameter.domain)
            yield Problem(f"{path}.{key}", f"found {value!r}, allowed: {allowed}")


def _unknown(study: Study, key: str, searched: list[str]) -> str:
    below = [path for path in searched if path.startswith(f"{key}.")]
    if below:
        return f"is not searched as one value; give {', '.join(below)}"
    if has(study.trial, key):
        return f"is not searched: trial.{key} is {at(study.trial, key)!r}; leave it out"
    return f"is not searched (searched: {', '.join(searched) or 'nothing'})" + suggestion(
        key, searched
    )


def _inactive(study: Study, given: Mapping[str, Value], key: str) -> str:
    """Says under which choices a path is asked for at all."""
    parameters = study.space.parameters
    conditions = [one.condition for one in parameters if one.path == key and one.condition]
    told = [" and ".join(_written(study.space, condition)) for condition in conditions]
    for method in () if "method" in given else (study.methods or {}):
        asked = study.space.surely_asked({**given, "method": method})
        told += [f"method is {method}" for one in asked if one.parameter.path == key]
    where = " or where ".join(dict.fromkeys(told)) or "another method is taken"
    return f"is searched only where {where}; say so in the same entry, or leave it out"


def _written(space: Space, condition: tuple[tuple[str, str], ...]) -> list[str]:
    paths = {parameter.name: parameter.path for parameter in space.parameters}
    return [f"{paths[name]} is {label}" for name, label in condition]


def _told(domain: Domain) -> str:
    match domain:
        case Choice(options):
            return ", ".join(str(option) for option in options)
        case Int(low, high, step):
            steps = "" if step is None else f" in steps of {step}"
            return f"whole numbers from {low} to {high}{steps}"
        case LogInt(low, high):
            return f"whole numbers from {low} to {high}"
        case Uniform(low, high, step):
            steps = "" if step is None else f" in steps of {step:g}"
            return f"{low:g} to {high:g}{steps}"
        case LogUniform(low, high):
            return f"{low:g} to {high:g}"


def _can_be_allowed(study: Study, given: Mapping[str, Value]) -> bool:
    if not study.requirements:
        return True
    fixed = study.space.assignment_of(given)
    completed = drawings(study.space, COMPLETED, fixed)
    return any(study.allows(study.space.resolve(assignment)) for assignment in completed)
