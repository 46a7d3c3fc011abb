"""What is said of a cluster when it is joined."""

import pytest

from mdml_tune.spaces.plan import Resources
from mdml_tune.tuning import greeting
from mdml_tune.tuning.capacity import Growth, Node, NodeType
from mdml_tune.tuning.cluster import Cluster
from mdml_tune.tuning.events import Event, Notice
from mdml_tune.tuning.greeting import greet, is_loopback

CPUS = Resources(cpus=1)


def said(cluster: Cluster, resources: Resources = CPUS) -> list[str]:
    events: list[Event] = []
    greet(cluster, resources, events.append)
    return [event.text for event in events if isinstance(event, Notice)]


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "is_token_auth_enabled", lambda: True)


def test_one_line_says_what_was_joined() -> None:
    growth = Growth((NodeType("gpu", Node(8, 1), 4),), 4)
    (line,) = said(Cluster((Node(2, 0),), "10.0.0.1:6379", growth))
    assert line == (
        "joining the Ray cluster at 10.0.0.1:6379: 1 node, 2 CPU, 0 GPU; can grow to at most 4 "
        "nodes: 4 x gpu (8 CPU and 1 GPU)"
    )
    assert said(Cluster((Node(2, 0),))) == []  # a session of its own is no news


def test_a_cluster_that_lets_everybody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greeting, "is_token_auth_enabled", lambda: False)
    assert "asks for no token" in said(Cluster((Node(2, 0),), "10.0.0.1:6379"))[1]
    assert len(said(Cluster((Node(2, 0),), "127.0.0.1:6379"))) == 1


def test_gpus_that_nobody_asks_for() -> None:
    machine = Cluster((Node(2, 1), Node(2, 1)))
    assert said(machine) == [
        "the 2 GPU of the cluster stay idle: no trial asks for one (--set resources.gpus=1)"
    ]
    assert said(machine, Resources(cpus=1, gpus=0.5)) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1:1", True), ("[::1]:1", True), ("localhost:1", True), ("10.0.0.1:1", False), ("head:1", False)],
)  # fmt: skip
def test_loopback(address: str, *, expected: bool) -> None:
    assert is_loopback(address) is expected
