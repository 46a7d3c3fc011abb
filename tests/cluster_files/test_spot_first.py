"""Spot machines first, and on-demand ones once the cloud has refused."""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import pytest
from cluster_files.shipped import launcher
from ray.autoscaler._private.event_summarizer import EventSummarizer
from ray.autoscaler._private.gcp.node_provider import GCPNodeProvider
from ray.autoscaler._private.node_launcher import BaseNodeLauncher
from ray.autoscaler._private.node_provider_availability_tracker import (
    NodeProviderAvailabilityTracker,
)
from ray.autoscaler._private.resource_demand_scheduler import (
    ResourceDemandScheduler,
    _default_utilization_scorer,
    get_nodes_for,
)
from ray.autoscaler._private.util import ConcurrentCounter
from ray.autoscaler.node_launch_exception import NodeLaunchException
from ray.autoscaler.node_provider import NodeProvider
from ray.autoscaler.v2.instance_manager.subscribers.cloud_resource_monitor import (
    CloudResourceMonitor,
)
from ray.core.generated.instance_manager_pb2 import Instance, InstanceUpdateEvent

Script = Callable[[str], ModuleType]
TRIAL = {"CPU": 1, "GPU": 1}


class Cloud(NodeProvider):
    """Has none of the machines in `short`."""

    def __init__(self, short: set[str]) -> None:
        super().__init__({"type": "aws"}, "here")
        self.short = short

    def create_node(self, _node: Any, tags: dict[str, str], _count: int) -> dict[str, Any]:
        if tags["ray-user-node-type"] in self.short:
            raise NodeLaunchException("InsufficientInstanceCapacity", "none left", None)
        return {}


def asked(
    scorer: Callable[..., Any], tracker: NodeProviderAvailabilityTracker, trials: int
) -> dict[str, int]:
    config = launcher("gpu")
    rated = partial(scorer, node_availability_summary=tracker.summary())
    demands = [TRIAL] * trials
    found, _ = get_nodes_for(config["available_node_types"], {"head": 1}, "head", 8, demands, rated)
    return dict(found)


def launch(provider: NodeProvider, tracker: NodeProviderAvailabilityTracker, kind: str) -> None:
    launcher_of = BaseNodeLauncher(provider, ConcurrentCounter(), EventSummarizer(), tracker)
    launcher_of.pending.inc(kind, 1)
    launcher_of.launch_node(launcher("gpu"), 1, kind)


@pytest.fixture
def score(script: Script) -> Callable[..., Any]:
    return script("spot_first").score


def test_spot_first(score: Callable[..., Any]) -> None:
    assert asked(score, NodeProviderAvailabilityTracker(), trials=3) == {"gpu_spot": 3}


def test_on_demand_once_refused_and_spot_again_after_half_an_hour(
    score: Callable[..., Any],
) -> None:
    now = [0.0]
    tracker = NodeProviderAvailabilityTracker(timer=lambda: now[0])
    tracker.update_node_availability("gpu_spot", 0, NodeLaunchException("none", "left", None))
    assert asked(score, tracker, trials=3) == {"gpu_ondemand": 3}
    now[0] = 30 * 60 + 1
    assert asked(score, tracker, trials=3) == {"gpu_spot": 3}


@pytest.mark.parametrize(
    ("short", "next_asked"),
    [
        (set(), "gpu_spot"),
        ({"gpu_spot"}, "gpu_ondemand"),
        ({"gpu_spot", "gpu_ondemand"}, "gpu_spot"),
    ],
)
def test_a_refusal_reaches_the_order(
    score: Callable[..., Any], short: set[str], next_asked: str
) -> None:
    tracker = NodeProviderAvailabilityTracker()
    for kind in sorted(short) or ["gpu_spot"]:
        launch(Cloud(short), tracker, kind)
    assert asked(score, tracker, trials=1) == {next_asked: 1}


def test_what_cannot_run_it_is_not_asked_for(score: Callable[..., Any]) -> None:
    summary = NodeProviderAvailabilityTracker().summary()
    assert score({"CPU": 8}, [TRIAL], "cpu_spot", node_availability_summary=summary) is None


def test_a_better_fit_goes_before_spot(score: Callable[..., Any]) -> None:
    summary = NodeProviderAvailabilityTracker().summary()
    of = partial(score, node_availability_summary=summary)
    assert of({"CPU": 1, "GPU": 1}, [TRIAL], "small") > of(
        {"CPU": 8, "GPU": 8}, [TRIAL], "big_spot"
    )


def test_ray_takes_the_order_from_the_environment(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = script("spot_first")
    monkeypatch.setenv("RAY_AUTOSCALER_UTILIZATION_SCORER", "spot_first.score")
    types = launcher("gpu")["available_node_types"]
    scheduler = ResourceDemandScheduler(Cloud(set()), types, 8, "head", 100)
    assert scheduler.utilization_scorer is module.score


def test_ray_alone_would_ask_for_what_was_refused() -> None:
    # The day that this fails, cluster/scripts/spot_first.py may be superfluous.
    tracker = NodeProviderAvailabilityTracker()
    launch(Cloud({"gpu_spot"}), tracker, "gpu_spot")
    assert asked(_default_utilization_scorer, tracker, trials=1) == {"gpu_spot": 1}
    second = CloudResourceMonitor()
    refusal = InstanceUpdateEvent(
        instance_type="gpu_spot", new_instance_status=Instance.ALLOCATION_FAILED
    )
    second.notify([refusal])
    assert second.get_recoverable_resource_availabilities() == {}


def test_google_clouds_refusals_are_known_as_such(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        answer = {"errors": [{"code": "ZONE_RESOURCE_POOL_EXHAUSTED"}]}
        raise Exception(answer)  # noqa: TRY002 (as Ray does)

    monkeypatch.setattr(GCPNodeProvider, "create_node", refuse)
    score = script("spot_first_gcp").score
    provider = GCPNodeProvider.__new__(GCPNodeProvider)
    tracker = NodeProviderAvailabilityTracker()
    launch(provider, tracker, "gpu_spot")
    seen = tracker.summary().node_availabilities["gpu_spot"]
    assert seen.unavailable_node_information is not None
    assert "EXHAUSTED" in seen.unavailable_node_information.description
    assert asked(score, tracker, trials=2) == {"gpu_ondemand": 2}
