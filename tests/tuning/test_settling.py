"""Machines that a cluster file lists are waited for, but not for ever."""

import pytest

from mdml_tune.tuning import settling
from mdml_tune.tuning.capacity import Node
from mdml_tune.tuning.cluster import Cluster
from mdml_tune.tuning.events import Event, Notice
from mdml_tune.tuning.settling import settled

HEAD = Cluster((Node(0, 0),), "10.0.0.1:6379")


@pytest.fixture
def coming(monkeypatch: pytest.MonkeyPatch) -> list[Cluster]:
    """What is seen at each look; the clock runs by itself."""
    now, seen = [0.0], [HEAD]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(settling.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(settling.time, "sleep", sleep)
    monkeypatch.setattr(settling, "promised", lambda _: 2)
    monkeypatch.setattr(settling, "joined_now", lambda: seen.pop(0) if len(seen) > 1 else seen[0])
    return seen


def told(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def test_machines_on_their_way_are_waited_for(coming: list[Cluster]) -> None:
    whole = Cluster((*HEAD.nodes, Node(2, 0), Node(4, 0)), HEAD.address)
    coming[:] = [HEAD, Cluster(whole.nodes[:2], HEAD.address), whole]
    events: list[Event] = []
    assert settled(HEAD, events.append) == whole
    assert told(events) == ["waiting for 2 of 3 machines of the cluster"]
    assert settled(whole, lambda _: pytest.fail("all are there")) == whole


def test_a_machine_that_is_down_is_done_without(coming: list[Cluster]) -> None:
    assert coming == [HEAD]
    events: list[Event] = []
    assert settled(HEAD, events.append) == HEAD
    assert told(events)[-1] == (
        "warning: 2 of 3 machines have not come; going on without. What comes later is used from the "
        "next phase on"
    )


def test_a_session_of_its_own_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "promised", lambda _: pytest.fail("nobody promised anything"))
    here = Cluster((Node(2, 0),))
    assert settled(here, lambda _: pytest.fail("nothing to say")) is here
