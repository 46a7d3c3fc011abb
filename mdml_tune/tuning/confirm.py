"""The best configurations again, with fresh seeds, so that luck is not reported as merit."""

from collections.abc import Sequence
from dataclasses import replace

from mdml_tune.config.load import load_trial
from mdml_tune.records import Phase, Scores, Status, TrialRecord
from mdml_tune.spaces.plan import ConfirmPlan
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tuning.attempts import forget_deaths
from mdml_tune.tuning.baselines import Baselines
from mdml_tune.tuning.job import Job

FIRST_SEED = 1000
"""Confirmations count their seeds from here, the same for all finalists."""


def retry_failed(jobs: Sequence[Job]) -> None:
    """Let confirmations that crashed go on; one that diverged would only diverge again."""
    for job in jobs:
        if job.crashed:
            forget_deaths(TrialFolder(job.folder))
            TrialFolder(job.folder).reopen()


def confirmations(
    chosen: Sequence[TrialRecord],
    plan: ConfirmPlan,
    folder: StudyFolder,
    baselines: Baselines,
    baseline: Scores,
) -> list[Job]:
    """Every finalist with every fresh seed, scored on test at its end."""
    jobs: list[Job] = []
    for seed in range(FIRST_SEED, FIRST_SEED + plan.seeds):
        for finalist in chosen:
            config = load_trial(finalist.config)
            record = replace(
                finalist,
                trial_key=baselines.trial_key(config, seed),
                phase=Phase.CONFIRM,
                seed=seed,
                number=None,
                status=Status.RUNNING,
                failure=None,
                history=(),
                test=None,
                seconds=0.0,
            )
            jobs.append(
                Job(
                    record=record,
                    config=config,
                    folder=folder.trial(record.trial_key).path,
                    data_root=baselines.data_root,
                    baseline=baseline,
                    teachers=baselines.teachers(config, seed),
                    read_test=True,
                    keep_checkpoint=baselines.study.keep != "none",
                )
            )
    return jobs
