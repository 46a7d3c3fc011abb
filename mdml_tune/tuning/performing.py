"""A job on a worker: signed, fenced, and closed as failed where it raises."""

import traceback
from collections.abc import Callable

import ray

from mdml_tune.records import Status
from mdml_tune.storage.faults import storage_failure
from mdml_tune.storage.lock import Lease, LostLockError, held
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.trial import OnEpoch, run_trial, score_test
from mdml_tune.tuning.attempts import signed
from mdml_tune.tuning.cluster import session_id
from mdml_tune.tuning.job import Job, Work


def perform(job: Job, on_epoch: OnEpoch) -> str | None:
    """Do the job here, unless its folder says that nothing is left to do.

    Several studies may want the same baseline at once, and a node that was cut off may still be at
    a trial while another takes over: one works, the others wait. An error of a training closes its
    folder as failed, with the traceback.

    Returns:
        What is wrong with the storage, where that stopped the job; the trial is not to blame.
    """
    folder = TrialFolder(job.folder)
    try:
        with held(job.folder / "LOCK", f"Trial {job.record.trial_key}", patience=None) as lease:
            if job.done:
                return None
            node = ray.get_runtime_context().get_node_id()
            with signed(folder, node, session_id()):
                _do(job, folder, on_epoch, _fence(folder, lease))
    except LostLockError:
        return None  # whoever has taken over tells how it ends
    except (OSError, RuntimeError) as error:
        problem = storage_failure(error)
        if problem is None:
            raise
        return problem
    return None


def _fence(folder: TrialFolder, lease: Lease) -> Callable[[], None]:
    """Before each write: whoever was frozen may have been taken for dead meanwhile."""

    def check() -> None:
        lease.check()
        if folder.is_closed():
            raise LostLockError(f"The trial in {folder.path} was ended by the study.")

    return check


def _do(job: Job, folder: TrialFolder, on_epoch: OnEpoch, fence: Callable[[], None]) -> None:
    if job.work is Work.SCORE_TEST:
        score_test(job.config, job.context(fence))  # whatever goes wrong, the training stays good
        return
    try:
        run_trial(job.config, job.context(fence), on_epoch)
    except LostLockError:
        raise
    except Exception as error:
        if storage_failure(error) is not None:
            raise
        reason = f"{type(error).__name__}: {error}\n{traceback.format_exc()}"
        folder.close(Status.FAILED, failure=reason)
