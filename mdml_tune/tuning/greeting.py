"""What a user is told of the cluster that a study has joined."""

from ipaddress import ip_address

from ray._private.authentication.authentication_utils import is_token_auth_enabled

from mdml_tune.spaces.plan import Resources
from mdml_tune.tuning.cluster import Cluster
from mdml_tune.tuning.events import Notice, Observer


def greet(cluster: Cluster, resources: Resources, observe: Observer) -> None:
    """Say what was joined, and what about it deserves a second look."""
    if cluster.address is not None:
        observe(Notice(f"joining the Ray cluster at {cluster.address}: {cluster}"))
        if not (is_token_auth_enabled() or is_loopback(cluster.address)):
            observe(
                Notice(
                    f"warning: whoever reaches {cluster.address} can run programs on this cluster: "
                    f"it asks for no token. Start it with RAY_AUTH_MODE=token on all nodes."
                )
            )
    gpus = sum(node.gpus for node in cluster.nodes)
    if gpus and not resources.gpus:
        observe(
            Notice(
                f"the {gpus:g} GPU of the cluster stay idle: no trial asks for one (--set "
                f"resources.gpus=1)"
            )
        )


def is_loopback(address: str) -> bool:
    """Whether nobody but this host reaches ``HOST:PORT``."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
