"""The one door between plain values and a Study: strict here, trusting everywhere behind."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeGuard, cast

from mdml_tune.config.schema import Problem, suggestion, validate
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import StchWeighting
from mdml_tune.spaces.check_trials import Trials, check_trials
from mdml_tune.spaces.domains import WORDS, is_domain
from mdml_tune.spaces.plan import GridSampler, Resources, SearchPlan, Stage
from mdml_tune.spaces.recipe import recipe_problems
from mdml_tune.spaces.space import grid_problems
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import NAME

METHOD = re.compile(r"[A-Za-z0-9_-]{1,100}")

Methods = Mapping[str, Mapping[str, object]]


def check_study(values: Mapping[str, object]) -> Study | list[Problem]:
    """The study that ``values`` describe, or everything that is wrong with them.

    The trial is checked at its corners: each domain at its ends, in every branch.
    """
    study = validate(Study, dict(values))
    problems = study if isinstance(study, list) else []
    trial, methods = values.get("trial"), values.get("methods")
    unfit = list(_unfit_roots(trial, methods))
    if unfit:
        return _once([*problems, *unfit])
    if not isinstance(trial, dict) or not _are_methods(methods):
        return _once(problems)
    trials = check_trials(cast("dict[str, object]", trial), methods)
    problems = [*problems, *trials.problems]
    if isinstance(study, Study):
        problems += recipe_problems(study, trials.configs)
        problems += _plan_problems(study, trials)
        return _once(problems) or study
    return _once(problems)


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """One problem per path: ten corners say of one value the same."""
    return list({problem.path: problem for problem in reversed(list(problems))}.values())[::-1]


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


def _plan_problems(study: Study, trials: Trials) -> Iterator[Problem]:
    if not NAME.fullmatch(study.name):
        yield Problem(
            "study",
            f"found {study.name!r}, allowed: up to 100 letters, digits, '.', '_' and '-', "
            f"beginning with a letter or digit",
        )
    yield from _search_problems(study.search, trials.configs)
    if isinstance(study.search.sampler, GridSampler):
        yield from grid_problems(trials.space)
    yield from _resource_problems(study.resources)


def _search_problems(search: SearchPlan, configs: tuple[TrialConfig, ...]) -> Iterator[Problem]:
    if search.stages != (Stage(),):
        yield Problem(
            "search.stages",
            "this version takes [{seeds: 1}] alone; give more seeds under confirm",
        )
    if not configs:
        return
    allowed = ["delta_m", *(f"delta_m/{task}" for task in configs[0].data.tasks)]
    if search.objective not in allowed:
        yield Problem(
            "search.objective",
            f"found {search.objective!r}, allowed: {', '.join(allowed)}"
            f"{suggestion(search.objective, allowed)}",
        )
    if search.early_stopping is not None:
        yield from _grace_problems(search.early_stopping.grace_epochs, configs)


def _grace_problems(grace: int, configs: tuple[TrialConfig, ...]) -> Iterator[Problem]:
    path = "search.early_stopping.grace_epochs"
    epochs = max(config.training.epochs for config in configs)
    warmup, of = max(found for config in configs for found in _warmups(config))
    if grace > epochs:
        yield Problem(
            path,
            f"{grace} exceeds training.epochs {epochs}; give at most that, or no early_stopping",
        )
    elif grace < warmup:
        yield Problem(
            path,
            f"{grace} would judge trials that are still warming up: {of} goes up to {warmup}; give "
            f"at least that",
        )


def _warmups(config: TrialConfig) -> Iterator[tuple[int, str]]:
    """Epochs before a trial does what it is named for, and the setting that says so."""
    yield 0, ""
    if config.mutual is not None:
        yield config.mutual.warmup_epochs, "mutual.warmup_epochs"
    if config.okd_mtl is not None:
        yield config.okd_mtl.warmup_epochs, "okd_mtl.warmup_epochs"
    if isinstance(config.weighting, StchWeighting):
        yield config.weighting.warmup_epochs, "weighting.warmup_epochs"


def _resource_problems(resources: Resources) -> Iterator[Problem]:
    if resources.gpus > 1 and resources.gpus != int(resources.gpus):
        yield Problem(
            "resources.gpus", f"found {resources.gpus}; above 1, whole GPUs alone can be held"
        )
