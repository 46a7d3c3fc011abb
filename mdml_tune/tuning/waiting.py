"""Saying now and then that nothing runs: the nodes that a study asks for may never come."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import attempt_on
from mdml_tune.tuning.cluster import joined_now
from mdml_tune.tuning.events import Notice, Observer
from mdml_tune.tuning.job import Job

FIRST_AFTER_S = 120.0
"""Without a running trial: about as long as a node of a cloud takes to come."""

AGAIN_AFTER_S = 600.0

_LOOKS_EVERY_S = 10.0


@dataclass(slots=True)
class Waiting:
    """Looks at trials that were sent to Ray, on the driver's clock."""

    observe: Observer
    session: str
    _looked: float = -math.inf
    _due: float = math.inf

    def look(self, sent: Iterable[Job]) -> None:
        """Say so where it is time, and none of ``sent`` has begun."""
        now = time.monotonic()
        if now - self._looked < _LOOKS_EVERY_S:
            return
        self._looked = now
        waiting = list(sent)
        if not waiting or any(self._has_begun(job) for job in waiting):
            self._due = math.inf
            return
        if self._due == math.inf:
            self._due = now + FIRST_AFTER_S
        elif now >= self._due:
            self._due = now + AGAIN_AFTER_S
            said = (
                f"no trial runs, and {len(waiting)} wait for nodes: the cluster has {joined_now()}"
            )
            self.observe(Notice(said))

    def _has_begun(self, job: Job) -> bool:
        return attempt_on(TrialFolder(job.folder), self.session) is not None
