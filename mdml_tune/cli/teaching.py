"""The single-task networks that one SCD trial learns from, without a study around it."""

from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import UnavailableError
from mdml_tune.records import Status, TrialRecord
from mdml_tune.scd.relations import needs, resolved
from mdml_tune.tuning.baselines import Baselines, reference
from mdml_tune.tuning.job import Job
from mdml_tune.tuning.relating import relate, relations_from


def taught(config: TrialConfig, baselines: Baselines) -> TrialConfig:
    """The trial with the queue of its blocks, found out from the baselines in the storage.

    Raises:
        UnavailableError: SCD is asked for, and a baseline is missing that it learns from.
    """
    if config.scd is None:
        return config
    single = _ended(baselines, baselines.jobs())
    if needs([config]) == needs([]):
        return config
    together = _ended(baselines, baselines.equal_weighting_jobs())
    similarities = [relate(evidence) for evidence in baselines.evidence()]
    relations = relations_from(
        config.data.tasks,
        similarities,
        together,
        single=reference(single),
        seeds=baselines.study.baseline.seeds,
    )
    return resolved(config, relations)


def _ended(baselines: Baselines, jobs: list[Job]) -> list[TrialRecord]:
    found = [baselines.storage.baseline(job.record.trial_key).record() for job in jobs]
    done = [r for r in found if r is not None and r.status is Status.COMPLETED]
    if len(done) < len(jobs):
        raise UnavailableError(
            f"scd learns from {len(jobs)} baselines of this recipe, and {baselines.storage.path} "
            f"holds {len(done)} of them. Train them with: mdml-tune baselines SPACE, with the same "
            f"--set and --storage."
        )
    return done
