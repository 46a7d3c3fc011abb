"""The one Ray session of a study: its own on this machine, or a part of a running cluster."""

import atexit
import logging
import os
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray._private import worker

import mdml_tune
from mdml_tune.errors import UnavailableError
from mdml_tune.spaces.study import Resources
from mdml_tune.tuning.capacity import Growth, Node
from mdml_tune.tuning.growth import growth_of
from mdml_tune.tuning.lifeline import ClusterLostError, LastWord, lifeline

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths mean what they meant to the user
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_TRAIN_V2_ENABLED": "1",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # our histories are the record
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is ours: it ends all phases alike
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",  # no GPU asked for, no GPU seen
    "RAY_prestart_worker_first_driver": "0",  # they would not have these variables, and serve nobody
}


@dataclass(frozen=True, slots=True)
class Cluster:
    nodes: tuple[Node, ...]
    address: str | None = None
    """Of a cluster that was joined; none of this machine's own session."""
    growth: Growth | None = None
    """What its autoscaler can make of it; none where it has none, or that is not known."""

    def concurrency(self, resources: Resources, limit: int | None) -> int:
        """How many trials run at once: what fits on the grown cluster, at most ``limit``.

        Raises:
            UnavailableError: Not even one fits.
        """
        room = self.room(resources, limit)
        if not room:
            there = "; ".join(sorted({str(node) for node in self.nodes}))
            grown = "" if self.growth is None else f" It can grow to {self.growth}."
            raise UnavailableError(
                f"Each trial asks for {resources.cpus:g} CPU and {resources.gpus:g} GPU on one node; "
                f"the cluster's nodes have {there}.{grown} Ask for less (--set resources.gpus=0), or "
                f"give the address of a cluster that has them (--address)."
            )
        return room

    def room(self, resources: Resources, limit: int | None) -> int:
        """The same; 0 where not even one fits."""
        fits = sum(node.holds(resources) for node in self.nodes)
        if self.growth is not None:
            fits = self.growth.fits(self.nodes, resources)
        return min(fits, limit or fits)

    @property
    def has_several_nodes(self) -> bool:
        """Now, or once it has grown."""
        return len(self.nodes) > 1 or (self.growth is not None and self.growth.most > 0)

    def __str__(self) -> str:
        """``3 nodes, 8 CPU, 2 GPU``, and what it can grow to."""
        count = "1 node" if len(self.nodes) == 1 else f"{len(self.nodes)} nodes"
        cpus, gpus = sum(n.cpus for n in self.nodes), sum(n.gpus for n in self.nodes)
        grown = "" if self.growth is None else f"; can grow to {self.growth}"
        return f"{count}, {cpus:g} CPU, {gpus:g} GPU{grown}"


@contextmanager
def joined(address: str | None, last_word: LastWord = lambda _: None) -> Generator[Cluster]:
    """Join the cluster at ``address``, or start one for this study on this machine.

    Args:
        address: None for this machine alone.
        last_word: Told why, where the process must be ended because the cluster has died.

    Raises:
        UnavailableError: There is no cluster at the address, or it has died meanwhile.
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
            f"No Ray cluster answers at '{address or 'local'}': {error}. Start one (ray up), give it "
            f"its token (RAY_AUTH_MODE=token, ~/.ray/auth_token), or use this machine alone "
            f"(--address local)."
        ) from error
    _restore(on_termination)
    lost = False
    try:
        here = joined_now()
        if address in {None, "local"}:
            yield replace(here, address=None)
        else:
            with lifeline(str(here.address), last_word):
                yield here
    except ClusterLostError:
        lost = True
        atexit.unregister(worker.shutdown)  # nobody is left to take leave of: it would hang
        raise
    finally:
        if not lost:
            ray.shutdown()


def joined_now() -> Cluster:
    """The joined cluster as it stands now, and what it can become."""
    nodes = tuple(Node.of(node["Resources"]) for node in ray.nodes() if node["Alive"])
    address = str(ray.get_runtime_context().gcs_address)
    return Cluster(nodes, address, growth_of(address))


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
