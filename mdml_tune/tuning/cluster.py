"""The one Ray session of a study: its own on this machine, or a part of a running cluster."""

import logging
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray

import mdml_tune
from mdml_tune.errors import UnavailableError
from mdml_tune.spaces.study import Resources

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths mean what they meant to the user
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_V2_ENABLED": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # our histories are the record
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: it ends all phases alike
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # no GPU asked for, no GPU seen
}


@dataclass(frozen=True, slots=True)
class Node:
    cpus: float
    gpus: float

    def holds(self, resources: Resources) -> int:
        """Trials that run on it at once; one never spans nodes."""
        on_cpus = int(self.cpus / resources.cpus)
        if not resources.gpus:
            return on_cpus
        return min(on_cpus, _trials_on_gpus(self.gpus, resources.gpus))


@dataclass(frozen=True, slots=True)
class Cluster:
    nodes: tuple[Node, ...]

    def concurrency(self, resources: Resources, limit: int | None) -> int:
        """How many trials run at once: what fits, at most ``limit``.

        Raises:
            UnavailableError: Not even one fits.
        """
        fits = sum(node.holds(resources) for node in self.nodes)
        if not fits:
            there = "; ".join(sorted({f"{n.cpus:g} CPU and {n.gpus:g} GPU" for n in self.nodes}))
            raise UnavailableError(
                f"Each trial asks for {resources.cpus:g} CPU and {resources.gpus:g} GPU on one node; "
                f"the cluster's nodes have {there}. Ask for less (--set resources.gpus=0), or give "
                f"the address of a cluster that has them (--address)."
            )
        return min(fits, limit or fits)


@contextmanager
def joined(address: str | None) -> Generator[Cluster]:
    """Join the cluster at ``address``, or start one for this study on this machine.

    Raises:
        UnavailableError: There is no cluster at the address.
    """
    os.environ.update({k: v for k, v in ENVIRONMENT.items() if k not in os.environ})
    # On workers the package may be neither installed nor in the working directory.
    package = str(Path(mdml_tune.__file__).parent.parent)
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    variables = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
    on_termination = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address=address or "local",
            runtime_env={"env_vars": variables},
            include_dashboard=False if address is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=True,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UnavailableError(
            f"No Ray cluster answers at '{address or 'local'}': {error}. Start one (ray up), or "
            f"leave out --address to use this machine alone."
        ) from error
    _restore(on_termination)
    try:
        alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        yield Cluster(tuple(Node(has.get("CPU", 0.0), has.get("GPU", 0.0)) for has in alive))
    finally:
        ray.shutdown()


def session_id() -> str:
    """What this driver runs, by a name that no other living driver's has; the same on its workers.

    Every cluster counts its jobs from 1, and each study without an address has a cluster of its own.
    """
    here = ray.get_runtime_context()
    return f"{here.gcs_address}/{here.get_job_id()}"


def living_nodes() -> frozenset[str]:
    """Ids of the nodes that live."""
    return frozenset(str(node["NodeID"]) for node in ray.nodes() if node["Alive"])


def _restore(on_termination: Any) -> None:  # noqa: ANN401 (whatever signal.getsignal gave)
    """Ray makes SIGTERM end the process at once; a study ends in order."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_termination)


def _trials_on_gpus(gpus: float, each: float) -> int:
    # A fraction is carved out of one GPU; several trials never share the rest of two.
    return int(gpus) * int(1 / each) if each < 1 else int(gpus / each)
