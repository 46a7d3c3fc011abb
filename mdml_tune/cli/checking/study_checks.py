"""The doctor looks at what one study needs: data, networks, resources, room."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import torch

from mdml_tune.cli.checking.checks import Check, attempt
from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.predicting.reported import labels_of
from mdml_tune.config.network import NetworkConfig
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import check_data
from mdml_tune.errors import MdmlTuneError
from mdml_tune.models.build import build_network
from mdml_tune.spaces.study import Study
from mdml_tune.tasks import Task
from mdml_tune.training.checkpoint import KEPT
from mdml_tune.tuning.cluster import Cluster, Node
from mdml_tune.tuning.networks import check_networks

BYTES_PER_PARAMETER = 3 * 4
"""In a checkpoint: the weight and Adam's two moments, in 32 bits each."""


def data_and_networks(study: Study, data_root: Path | None) -> list[Check]:
    def data() -> str:
        with progress() as bar:
            check_data(study.data, data_root, bar)
        return f"{study.data.dataset}: {', '.join(study.tasks)}"

    def networks() -> str:
        check_networks(study)
        return f"{len(study.corners)} corners of the space can be built"

    return [attempt("data", data), attempt("networks", networks)]


def this_machine() -> Cluster:
    """What a study finds without ``--address``."""
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return Cluster((Node(float(os.cpu_count() or 1), float(gpus)),))


def resources(study: Study, cluster: Cluster, limit: int | None) -> Check:
    """How many trials run at once, or that none can."""

    def look() -> str:
        asked = study.resources
        at_once = cluster.concurrency(asked, limit)
        return f"{at_once} trials at once, each with {asked.cpus:g} CPU and {asked.gpus:g} GPU"

    return attempt("resources", look)


def room_needed(
    study: Study, cluster: Cluster, limit: int | None, data_root: Path | None
) -> int | None:
    """Bytes of checkpoints at most: of running trials, of finalists, and of baselines.

    None where a trial cannot be built or placed, which other checks say.
    """
    try:
        at_once = cluster.concurrency(study.resources, limit)
        trial = max(_bytes_of(config, data_root) for config in _different(study.corners))
        single = [_bytes_of(study.baseline_config(task), data_root) for task in study.tasks]
    except MdmlTuneError:
        return None
    confirmed = 0 if study.confirm is None else study.confirm.top * study.confirm.seeds
    return trial * (KEPT * at_once + confirmed) + study.baseline.seeds * sum(single)


def _bytes_of(config: TrialConfig, data_root: Path | None) -> int:
    classes, _ = labels_of(config, data_root)
    count = sum(parameters(network, config.data.tasks, classes) for network in config.networks)
    return count * BYTES_PER_PARAMETER


def parameters(network: NetworkConfig, tasks: Sequence[Task], classes: int) -> int:
    """Of a network, built once and thrown away."""
    with torch.random.fork_rng(devices=[]):
        built = build_network(network, tasks, classes)
    return sum(parameter.numel() for parameter in built.parameters())


def _different(configs: Sequence[TrialConfig]) -> list[TrialConfig]:
    """One for each set of networks: the ends of a weight's range are built alike."""
    by_networks = {
        json.dumps([plain(network) for network in config.networks], sort_keys=True): config
        for config in configs
    }
    return list(by_networks.values())
