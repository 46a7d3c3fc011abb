"""Waiting for nodes is said, not too soon and not too often."""

from collections.abc import Callable
from pathlib import Path

import pytest
from watching import record

from mdml_tune.config.trial import TrialConfig
from mdml_tune.storage.atomic import write_json
from mdml_tune.tuning import waiting as module
from mdml_tune.tuning.capacity import Growth, Node, NodeType
from mdml_tune.tuning.cluster import Cluster
from mdml_tune.tuning.events import Event, Notice
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.waiting import Waiting


def test_waiting_is_told_until_a_trial_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny: Callable[..., TrialConfig]
) -> None:
    now = 0.0
    growth = Growth((NodeType("spot", Node(8, 1), 4),), 4)
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    monkeypatch.setattr(module, "joined_now", lambda: Cluster((Node(0, 0),), "head:1", growth))
    events: list[Event] = []
    waiting = Waiting(events.append, "session")
    jobs = [
        Job(record=record(i), config=tiny(), folder=tmp_path / str(i), data_root=None)
        for i in range(3)
    ]
    told: list[float] = []
    while now < 2000:
        now += 1
        if now == 1500:
            attempt = {"node": "n", "host": "h", "pid": 1, "session": "session"}
            write_json(tmp_path / "1" / "attempt.json", attempt)
        before = len(events)
        waiting.look(jobs)
        told += [now] * (len(events) - before)
    assert told == [121, 721, 1321]  # then one runs, and nobody waits
    assert isinstance(events[0], Notice)
    assert events[0].text == (
        "no trial runs, and 3 wait for nodes: the cluster has 1 node, 0 CPU, 0 GPU; can grow to at "
        "most 4 nodes: 4 x spot (8 CPU and 1 GPU)"
    )
    del jobs[1]
    while now < 2200:  # the one that ran has ended, and the others wait again
        now += 1
        waiting.look(jobs)
    assert len(events) == 4


def test_nothing_sent_is_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    waiting = Waiting(lambda _: pytest.fail("nobody waits"), "session")
    for now in range(0, 1000, 5):  # noqa: B007 (the clock)
        waiting.look([])
