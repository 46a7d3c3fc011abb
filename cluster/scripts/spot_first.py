"""Spot machines first, on-demand ones where a cloud has none: an order for Ray's autoscaler.

Ray scores the types of machines that could run what waits, and asks for the best. Of equal types it
asks for the last one by name, also where the cloud has just refused it, though Ray 2.60 remembers each
refusal for half an hour. `RAY_AUTOSCALER_UTILIZATION_SCORER=spot_first.score` makes it look.
"""

from ray.autoscaler._private.node_provider_availability_tracker import NodeAvailabilitySummary
from ray.autoscaler._private.resource_demand_scheduler import _resource_based_utilization_scorer


def score(
    node_resources: dict[str, float],
    demands: list[dict[str, float]],
    node_type: str,
    *,
    node_availability_summary: NodeAvailabilitySummary,
) -> tuple[object, ...] | None:
    """How well a machine of `node_type` serves `demands`; the highest is asked for.

    None where it cannot serve even one. What the cloud has not refused lately comes first, then Ray's
    own score, then types that bear "spot" in their name.
    """
    usual = _resource_based_utilization_scorer(
        node_resources, demands, node_availability_summary=node_availability_summary
    )
    if usual is None:
        return None
    seen = node_availability_summary.node_availabilities.get(node_type)
    return (seen is None or seen.is_available, *usual, "spot" in node_type)
