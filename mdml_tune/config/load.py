"""The one door between plain values and a TrialConfig: strict here, trusting everywhere behind."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import cast

from mdml_tune.config.data import NyuV2Data, RoomsData
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.schema import Problem, refuse, validate
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import EqualWeighting
from mdml_tune.tasks import CLASSIFICATION_LIKE, Task

DEFAULT_WEIGHT = 1.0
DEFAULT_TEMPERATURE = 1.0
"""Plain deep mutual learning."""


def load_trial(values: Mapping[str, object], *, what: str = "the trial") -> TrialConfig:
    """The canonical configuration that ``values`` describe.

    Raises:
        ConfigError: Lists every problem at once, each under its dotted path.
    """
    result = check_trial(values)
    if isinstance(result, list):
        raise refuse(what, result)
    return result


def check_trial(values: Mapping[str, object]) -> TrialConfig | list[Problem]:
    """The canonical configuration that ``values`` describe, or everything that is wrong with them.

    Canonical: tasks in the vocabulary's order, a weight and a temperature for each task that has
    one, no ``mutual`` section for a single peer. Configurations that train alike are equal.
    """
    config = validate(TrialConfig, _spelt_out(values))
    if isinstance(config, list):
        return _as_written(values, config)
    problems = list(_problems(config))
    return problems or _canonical(config)


def single_task(config: TrialConfig, task: Task) -> TrialConfig:
    """The baseline of ``task``: the same data, network and recipe, one task, one network."""
    return TrialConfig(
        data=replace(config.data, tasks=(task,)),
        network=config.network,
        training=config.training,
        weighting=EqualWeighting(),
    )


def _spelt_out(values: Mapping[str, object]) -> dict[str, object]:
    """One number for all tasks becomes a map that names each of them."""
    values = deepcopy(dict(values))
    data, mutual = values.get("data"), values.get("mutual")
    if not isinstance(data, dict) or not isinstance(mutual, dict):
        return values
    tasks = cast("dict[str, object]", data).get("tasks")
    mutual = cast("dict[str, object]", mutual)
    names = [str(t) for t in cast("list[object]", tasks)] if isinstance(tasks, list) else []
    soft = [name for name in names if name in CLASSIFICATION_LIKE]
    for key, owners, default in (
        ("weight", names, DEFAULT_WEIGHT),
        ("temperature", soft, DEFAULT_TEMPERATURE),
    ):
        value = mutual.get(key, default)
        if not isinstance(value, dict):
            # An unfit value still reaches the schema where no task can carry it.
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            mutual[key] = dict.fromkeys(owners, value) if owners or fits else {"": value}
    return values


def _as_written(values: Mapping[str, object], problems: list[Problem]) -> list[Problem]:
    """Problems of a number that stood for all tasks, said once and of that number."""
    mutual = values.get("mutual")
    given = cast("dict[str, object]", mutual) if isinstance(mutual, dict) else {}
    for key in ("weight", "temperature"):
        path = f"mutual.{key}"
        if not isinstance(given.get(key), dict):
            problems = [
                Problem(path, p.message) if p.path.startswith(f"{path}.") else p for p in problems
            ]
    return list(dict.fromkeys(problems))


def _problems(config: TrialConfig) -> Iterator[Problem]:
    tasks = config.data.tasks
    if len(set(tasks)) < len(tasks):
        yield Problem("data.tasks", f"a task is named twice: {', '.join(tasks)}")
    match config.data:
        case RoomsData(train_size=size) if config.training.batch_size > size:
            yield Problem(
                "training.batch_size", f"{config.training.batch_size} exceeds train_size {size}"
            )
        case NyuV2Data():
            offered = {Task.SEGMENTATION, Task.DEPTH, Task.NORMALS}
            for task in (t for t in tasks if t not in offered):
                yield Problem(
                    "data.tasks", f"nyuv2 has no {task} (allowed: segmentation, depth, normals)"
                )
        case _:
            pass
    if config.mutual is not None:
        yield from _problems_of_mutual(config.mutual, tasks)
    if config.scd is not None:
        yield Problem("scd", "distillation is not part of this version; set scd to null")


def _problems_of_mutual(mutual: MutualConfig, tasks: tuple[Task, ...]) -> Iterator[Problem]:
    soft = tuple(task for task in tasks if task in CLASSIFICATION_LIKE)
    for path, given, wanted in (
        ("mutual.weight", mutual.weight, tasks),
        ("mutual.temperature", mutual.temperature, soft),
    ):
        if set(given) != set(wanted):
            yield Problem(
                path,
                f"names {', '.join(given) or 'no task'}; it must name each of "
                f"{', '.join(wanted) or 'no task'}, or be one number for all",
            )


def _canonical(config: TrialConfig) -> TrialConfig:
    tasks = tuple(task for task in Task if task in config.data.tasks)
    mutual = config.mutual
    if mutual is not None:
        mutual = replace(
            mutual,
            weight={task: mutual.weight[task] for task in tasks},
            temperature={t: mutual.temperature[t] for t in tasks if t in mutual.temperature},
        )
    return replace(
        config,
        data=replace(config.data, tasks=tasks),
        mutual=None if mutual is None or mutual.peers == 1 else mutual,
    )
