"""A trial as a study file gives it, and what it leaves out."""

from collections.abc import Mapping

from mdml_tune.config.per_task import spelt_out
from mdml_tune.config.schema import plain, validate
from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.sections import at, has


def whole(values: Mapping[str, object]) -> dict[str, object]:
    """A trial with every default written out; as it was given where it is none.

    Whether its sections fit each other is not asked.
    """
    place = network_place(values)
    given = dict(values) if place == "network" else {**values, "network": at(values, place)}
    config = validate(TrialConfig, spelt_out(given))
    return plain(config) if isinstance(config, TrialConfig) else given


def network_place(trial: Mapping[str, object]) -> str:
    """The path of the reported network: its own, or that of the first of a list of peers."""
    listed = "network" not in trial and isinstance(at(trial, "mutual.peers"), list)
    return "mutual.peers.0" if listed and has(trial, "mutual.peers.0") else "network"
