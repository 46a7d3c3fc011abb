"""Ends trials that make no progress: their processes may hang, or be frozen with their nodes."""

import contextlib
import os
import signal
import time
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import Attempt, attempt_on, end_stalled
from mdml_tune.tuning.job import Job

PATIENCE_S = 10.0
"""For a node to carry out a signal."""

TO_WRITE_S = 0.3
"""For a process to write its stacks."""


@dataclass(slots=True)
class Watchdog:
    """Looks at trials from the driver, on the driver's own clock."""

    stall_timeout: float | None
    session: str
    _seen: dict[str, tuple[object, float]] = field(default_factory=dict[str, tuple[object, float]])
    """By trial: what was there when it last moved, and when that was."""

    def look(self, job: Job) -> bool:
        """Whether the job's trial was ended now, because it has stood still for too long."""
        folder = TrialFolder(job.folder)
        attempt = attempt_on(folder, self.session)
        if self.stall_timeout is None or attempt is None:
            return False  # it waits for its turn
        signs = (attempt, folder.history.stat().st_size if folder.history.exists() else 0)
        key, now = job.record.trial_key, time.monotonic()
        before, since = self._seen.get(key, (None, now))
        if signs != before:
            self._seen[key] = (signs, now)
            return False
        if now - since < self.stall_timeout:
            return False
        self._seen.pop(key)
        _signal(attempt, signal.SIGUSR1)
        time.sleep(TO_WRITE_S)
        end_stalled(folder, self.stall_timeout)
        _signal(attempt, signal.SIGKILL)
        return True


def _signal(attempt: Attempt, number: int) -> None:
    """To the process that works on it, by way of its node; a node that is gone needs none."""
    there = NodeAffinitySchedulingStrategy(attempt.node, soft=False)
    remote: Any = ray.remote(_send).options(  # pyright: ignore[reportFunctionMemberAccess]
        num_cpus=0, scheduling_strategy=there, max_retries=0
    )
    with contextlib.suppress(RayError):
        ray.get(remote.remote(attempt.pid, number), timeout=PATIENCE_S)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
