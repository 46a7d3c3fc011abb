"""`spot_first` for Google Cloud, whose refusals Ray 2.60 does not recognise as such.

There the provider raises whatever the cloud has answered, and the autoscaler remembers only a
`NodeLaunchException`. So this module gives the answer that name, in the process that imports it: the
autoscaler, by `RAY_AUTOSCALER_UTILIZATION_SCORER=spot_first_gcp.score`.
"""

import sys
from typing import Any

from ray.autoscaler._private.gcp.node_provider import GCPNodeProvider
from ray.autoscaler.node_launch_exception import NodeLaunchException
from spot_first import score

__all__ = ["score"]

_create_node = GCPNodeProvider.create_node


def create_node(
    provider: GCPNodeProvider, base_config: dict[str, Any], tags: dict[str, str], count: int
) -> dict[str, dict[str, Any]]:
    """Create as Ray does.

    Raises:
        NodeLaunchException: The cloud refused, for want of machines or of quota.
    """
    try:
        return _create_node(provider, base_config, tags, count)
    except Exception as refusal:
        raise NodeLaunchException("Refused", str(refusal), sys.exc_info()) from refusal


GCPNodeProvider.create_node = create_node
