"""The one door between plain values and a Study: strict here, trusting everywhere behind."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard, cast

from mdml_tune.config.schema import Problem, validate
from mdml_tune.spaces.check_plan import plan_problems
from mdml_tune.spaces.check_require import parsed, requirement_problems
from mdml_tune.spaces.check_trials import check_trials
from mdml_tune.spaces.domains import WORDS, is_domain
from mdml_tune.spaces.recipe import recipe_problems
from mdml_tune.spaces.start import start_problems
from mdml_tune.spaces.study import Study

METHOD = re.compile(r"[A-Za-z0-9_-]{1,100}")

Methods = Mapping[str, Mapping[str, object]]


def check_study(values: Mapping[str, object]) -> Study | list[Problem]:
    """The study that ``values`` describe, or everything that is wrong with them.

    The trial is checked at its corners: each domain at its ends, in every branch.
    """
    study = validate(Study, dict(values))
    problems = [_of_objective(p, values) for p in study] if isinstance(study, list) else []
    trial, methods = values.get("trial"), values.get("methods")
    unfit = list(_unfit_roots(trial, methods))
    if unfit:
        return _once([*problems, *unfit])
    if not isinstance(trial, dict) or not _are_methods(methods):
        return _once(problems)
    required, malformed = parsed(study.require if isinstance(study, Study) else ())
    trials = check_trials(cast("dict[str, object]", trial), methods, required)
    problems = [*problems, *malformed, *trials.problems]
    if isinstance(study, Study):
        problems += recipe_problems(study, trials.configs)
        problems += plan_problems(study, trials)
        if not problems:
            problems += _problems_of_whole(study)
    return _once(problems) or cast("Study", study)


def _problems_of_whole(study: Study) -> Iterator[Problem]:
    """What only a space that is in order can be asked."""
    yield from requirement_problems(study.space, study.require, study.requirements, study.tasks)
    yield from start_problems(study)


def _of_objective(problem: Problem, values: Mapping[str, object]) -> Problem:
    """The two ways to write an objective are one setting, whichever does not fit."""
    if not problem.path.startswith("search.objective"):
        return problem
    found = cast("dict[str, object]", values["search"]).get("objective")
    return Problem(
        "search.objective",
        f"takes delta_m, delta_m/<task>, or a list of them, found {found!r}",
    )


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """One problem per path: ten corners say of one value the same."""
    found: dict[str, Problem] = {}
    for problem in problems:
        found.setdefault(problem.path, problem)
    return list(found.values())


def _are_methods(methods: object) -> TypeGuard[Methods | None]:
    if methods is None:
        return True
    return isinstance(methods, dict) and all(
        isinstance(over, dict) for over in cast("dict[str, object]", methods).values()
    )


def _unfit_roots(trial: object, methods: object) -> Iterator[Problem]:
    hint = "a domain stands for a value below it; name whole alternatives under methods"
    if is_domain(trial):
        yield Problem("trial", hint)
    if not isinstance(methods, dict):
        return
    for name, over in cast("dict[str, object]", methods).items():
        if not METHOD.fullmatch(name) or name in WORDS:
            yield Problem(
                f"methods.{name}",
                "a method is named by letters, digits, '_' and '-', and not like a domain",
            )
        if is_domain(over):
            yield Problem(f"methods.{name}", hint)
        elif isinstance(over, dict) and "data" in over:
            yield Problem(
                f"methods.{name}.data", "all methods learn from the same data; give it under trial"
            )
