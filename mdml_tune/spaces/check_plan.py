"""Checks how a study searches: whether sampler, stopping, stages and budget fit the trials."""

from collections.abc import Iterator

from mdml_tune.config.schema import Problem, suggestion
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import StchWeighting
from mdml_tune.spaces.check_trials import Trials
from mdml_tune.spaces.domains import Choice
from mdml_tune.spaces.plan import (
    Budget,
    CmaEsSampler,
    GridSampler,
    MedianStopping,
    PbtStopping,
    RandomSampler,
    Resources,
    SearchPlan,
    Stage,
)
from mdml_tune.spaces.space import Space, grid_problems
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import NAME

STOPPING = "search.early_stopping"


def plan_problems(study: Study, trials: Trials) -> Iterator[Problem]:
    """Everything that is wrong with the study but for its trial, under the file's paths."""
    if not NAME.fullmatch(study.name):
        yield Problem(
            "study",
            f"found {study.name!r}, allowed: up to 100 letters, digits, '.', '_' and '-', "
            f"beginning with a letter or digit",
        )
    yield from _stage_problems(study.search)
    yield from _sampler_problems(study.search, trials.space)
    if trials.configs:
        yield from _objective_problems(study.search, trials.configs[0])
        yield from _stopping_problems(study.search, trials.configs)
    yield from _budget_problems(study.budget, study.resources)
    yield from _resource_problems(study.resources)


def _objective_problems(search: SearchPlan, config: TrialConfig) -> Iterator[Problem]:
    allowed = ["delta_m", *(f"delta_m/{task}" for task in config.data.tasks)]
    names = [metric.removeprefix("val/") for metric in search.objectives]
    if not names:
        yield Problem("search.objective", f"is empty, allowed: {', '.join(allowed)}")
    listed = not isinstance(search.objective, str)
    for index, name in enumerate(names):
        path = f"search.objective.{index}" if listed else "search.objective"
        if name not in allowed:
            yield Problem(
                path, f"found {name!r}, allowed: {', '.join(allowed)}{suggestion(name, allowed)}"
            )
        elif name in names[:index]:
            yield Problem(path, f"{name} is named twice; keep one")


def _stage_problems(search: SearchPlan) -> Iterator[Problem]:
    stages = search.stages
    if not stages:
        yield Problem("search.stages", "should hold at least one stage, such as {seeds: 1}")
        return
    if stages[0].top is not None:
        yield Problem(
            "search.stages.0.top",
            f"found {stages[0].top}; every configuration reaches the first stage: leave it out",
        )
    for index in range(1, len(stages)):
        before = search.trials if index == 1 else stages[index - 1].top
        yield from _later_stage(f"search.stages.{index}", stages[index - 1], stages[index], before)


def _later_stage(path: str, before: Stage, stage: Stage, reached: int | None) -> Iterator[Problem]:
    """Args as in the file; ``reached`` is how many configurations reach the stage before."""
    if stage.seeds <= before.seeds:
        yield Problem(
            f"{path}.seeds",
            f"found {stage.seeds} after {before.seeds}; survivors earn more seeds: give "
            f"{before.seeds + 1} or more",
        )
    if stage.top is None:
        yield Problem(f"{path}.top", "is missing: say how many configurations reach this stage")
    elif reached is not None and stage.top > reached:
        yield Problem(f"{path}.top", f"found {stage.top}, and only {reached} can reach this stage")
    elif reached is not None and before.top is not None and stage.top == reached:
        yield Problem(
            f"{path}.top", f"found {stage.top}, as many as before; give fewer than {reached}"
        )


def _sampler_problems(search: SearchPlan, space: Space) -> Iterator[Problem]:
    match search.sampler:
        case GridSampler():
            yield from grid_problems(space)
        case CmaEsSampler():
            if len(search.objectives) > 1:
                yield Problem(
                    "search.sampler.kind",
                    "cmaes takes one objective; give one under search.objective, or take nsga2",
                )
            if all(isinstance(parameter.domain, Choice) for parameter in space.parameters):
                yield Problem(
                    "search.sampler.kind",
                    "cmaes moves in ranges, and this study searches none; take tpe or grid",
                )
        case _:
            pass


def _stopping_problems(search: SearchPlan, configs: tuple[TrialConfig, ...]) -> Iterator[Problem]:
    stopping = search.early_stopping
    if stopping is None:
        return
    if len(search.objectives) > 1 and isinstance(stopping, MedianStopping | PbtStopping):
        yield Problem(
            f"{STOPPING}.kind",
            f"{stopping.kind} judges by one objective, found {len(search.objectives)}; give one "
            f"under search.objective, or take asha or hyperband",
        )
    if isinstance(stopping, PbtStopping):
        yield from _population_problems(search, stopping)
        if any(config.changes for config in configs):
            yield Problem(
                "trial.changes",
                "pbt finds the changes itself; leave them out, or take another early_stopping",
            )
    yield from _grace_problems(stopping.grace_epochs, configs, by=stopping.kind)


def _population_problems(search: SearchPlan, stopping: PbtStopping) -> Iterator[Problem]:
    if not isinstance(search.sampler, RandomSampler):
        yield Problem(
            "search.sampler.kind",
            f"found {search.sampler.kind!r}; pbt moves what is drawn at random: give "
            f"sampler: {{kind: random}}, or another early_stopping",
        )
    if stopping.population > search.trials:
        yield Problem(
            f"{STOPPING}.population",
            f"{stopping.population} exceeds search.trials {search.trials}; give at most that",
        )
    if search.stages != (Stage(),):
        yield Problem(
            "search.stages",
            "pbt takes [{seeds: 1}] alone, since its members change while they are trained; "
            "confirm gives the best more seeds",
        )


def _grace_problems(grace: int, configs: tuple[TrialConfig, ...], *, by: str) -> Iterator[Problem]:
    path = f"{STOPPING}.interval_epochs" if by == "pbt" else f"{STOPPING}.grace_epochs"
    epochs = max(config.training.epochs for config in configs)
    most = epochs - 1 if by == "pbt" else epochs
    warmup, of = max(found for config in configs for found in _warmups(config))
    if grace > most:
        told = "leaves none" if by == "pbt" else "exceeds"
        limit = f"{grace} {told} {'of ' if by == 'pbt' else ''}training.epochs {epochs}"
        yield Problem(path, f"{limit}; give at most {most}, or no early_stopping")
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


def _budget_problems(budget: Budget, resources: Resources) -> Iterator[Problem]:
    if budget.gpu_hours is not None and resources.gpus == 0:
        yield Problem(
            "budget.gpu_hours",
            "would never be reached: resources.gpus is 0; limit budget.wall_clock instead "
            "(hours, --time-budget)",
        )
    if budget.cost is None:
        return
    if not budget.cost_per_gpu_hour:
        yield Problem(
            "budget.cost",
            "needs budget.cost_per_gpu_hour above 0, which says what a GPU costs",
        )
    elif resources.gpus == 0:
        yield Problem(
            "budget.cost",
            "would never be reached: resources.gpus is 0, and GPU-hours alone cost; limit "
            "budget.wall_clock instead (hours, --time-budget)",
        )


def _resource_problems(resources: Resources) -> Iterator[Problem]:
    if resources.gpus > 1 and resources.gpus != int(resources.gpus):
        yield Problem(
            "resources.gpus", f"found {resources.gpus}; above 1, whole GPUs alone can be held"
        )
