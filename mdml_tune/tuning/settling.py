"""Waiting for machines that are on their way when a study starts right after `ray up`."""

import time

from mdml_tune.tuning.cluster import Cluster, joined_now
from mdml_tune.tuning.events import Notice, Observer
from mdml_tune.tuning.growth import promised

PATIENCE_S = 90.0
"""For a machine that is running to be reached by ssh, set up and joined."""

_LOOKS_EVERY_S = 1.0


def settled(cluster: Cluster, observe: Observer) -> Cluster:
    """The joined cluster with the machines that its file lists, as far as they come in time.

    How large they are is not known before, so they cannot be counted on like nodes of a cloud.
    """
    expected = 0 if cluster.address is None else 1 + promised(cluster.address)
    if len(cluster.nodes) >= expected:
        return cluster
    missing = expected - len(cluster.nodes)
    observe(Notice(f"waiting for {missing} of {expected} machines of the cluster"))
    deadline = time.monotonic() + PATIENCE_S
    while len(cluster.nodes) < expected and time.monotonic() < deadline:
        time.sleep(_LOOKS_EVERY_S)
        cluster = joined_now()
    missing = expected - len(cluster.nodes)
    if missing > 0:
        observe(
            Notice(
                f"warning: {missing} of {expected} machines have not come; going on without. What "
                f"comes later is used from the next phase on"
            )
        )
    return cluster
