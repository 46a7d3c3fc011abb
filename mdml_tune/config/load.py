"""The one door between plain values and a TrialConfig: strict here, trusting everywhere behind."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import cast

from mdml_tune.config.canonical import canonical
from mdml_tune.config.per_task import as_written, spelt_out
from mdml_tune.config.schema import Problem, plain, refuse, validate
from mdml_tune.config.sense import problems_of
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import EqualWeighting
from mdml_tune.tasks import Task


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
    """The canonical configuration that ``values`` describe, or everything that is wrong with them."""
    config = validate(TrialConfig, _with_network(spelt_out(deepcopy(dict(values)))))
    if isinstance(config, list):
        said = as_written(values, config)
        # Of a network that was copied from the list of peers, the list's own entry says it.
        return [p for p in said if "network" in values or p.path.split(".")[0] != "network"]
    return as_written(values, list(problems_of(config))) or canonical(config)


def single_task(config: TrialConfig, task: Task) -> TrialConfig:
    """The baseline of ``task``: the same data, network and recipe, one task, one network."""
    return TrialConfig(
        data=replace(config.data, tasks=(task,)),
        network=config.network,
        training=config.training,
        weighting=EqualWeighting(),
    )


def equal_weighting(config: TrialConfig) -> TrialConfig:
    """The reference for all tasks: the same data, network and recipe, equal weights, one network."""
    return TrialConfig(
        data=config.data,
        network=config.network,
        training=config.training,
        weighting=EqualWeighting(),
    )


def with_queue(config: TrialConfig, queue: tuple[tuple[Task, ...], ...]) -> TrialConfig:
    """The trial whose SCD blocks and their order have been found. Canonical.

    Raises:
        ConfigError: The queue does not fit the trial: it must name each task once, and its last
            block must join before the training ends.
    """
    values = plain(config)
    values["scd"] = {**cast("dict[str, object]", values["scd"]), "queue": [list(b) for b in queue]}
    return load_trial(values)


def _with_network(values: dict[str, object]) -> dict[str, object]:
    """The reported network is the first of a list of peers."""
    mutual = values.get("mutual")
    peers = cast("dict[str, object]", mutual).get("peers") if isinstance(mutual, dict) else None
    if isinstance(peers, list) and peers and "network" not in values:
        return {**values, "network": cast("list[object]", peers)[0]}
    return values
