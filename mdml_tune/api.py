"""What programs call, and the commands too: run a study, load what it left, rank it.

import mdml_tune

study = mdml_tune.load_study("rooms_mdml", set_values=["search.trials=6"])
ended = mdml_tune.run_study(study, storage="runs", tracking_uri="sqlite:///mlflow.db")
for row in mdml_tune.rank(ended.record):
    print(row.rank, row.config_id, row.delta_m)
"""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from mdml_tune.analysis.ranking import RankedRow, rank
from mdml_tune.analysis.report import Results, write_results
from mdml_tune.analysis.subject import load_subject
from mdml_tune.data.load import check_data
from mdml_tune.data.pack import Progress
from mdml_tune.predicting.sampling import keep_samples
from mdml_tune.records import Phase, StudyRecord, TrialRecord
from mdml_tune.scd.relations import Needs
from mdml_tune.spaces.load import load_study
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tracking.background import Publishing, publishing
from mdml_tune.tracking.check import check_tracking
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.ledger import run_ids
from mdml_tune.tuning.baselines import NOTHING
from mdml_tune.tuning.events import Event, Observer
from mdml_tune.tuning.lifeline import ClusterLostError
from mdml_tune.tuning.networks import check_networks
from mdml_tune.tuning.opened import opened
from mdml_tune.tuning.reporting import DONE, SOME_FAILED, StatusKeeper, kept
from mdml_tune.tuning.study import Options, failures
from mdml_tune.tuning.study import run_study as run

__all__ = ["Ended", "load_record", "load_study", "rank", "run_study"]

STORAGE = "./mdml_runs"
TRACKING = "sqlite:///mlflow.db"


@dataclass(frozen=True, slots=True)
class Ended:
    """A study as it stands when ``run_study`` returns."""

    record: StudyRecord
    results: Results | None
    """Tables, figures and report; none where only baselines were asked for."""
    failed: tuple[TrialRecord, ...]
    """Trials that failed in a way that calls for a look."""
    problem: str | None
    """What MLflow lacks, and how to send it."""


def _ignore(_: Event) -> None:
    pass


def _unseen(_what: str, _done: int, _of: int) -> None:
    pass


def load_record(study: str, storage: str = STORAGE) -> StudyRecord:
    """Everything that a study has left behind so far.

    Raises:
        ReportError: There is no such study in the storage.
    """
    return Storage.at(storage).study(study).record()


def run_study(  # noqa: PLR0913 (one per flag of the command)
    study: Study,
    *,
    storage: str = STORAGE,
    tracking_uri: str = TRACKING,
    address: str | None = None,
    concurrency: int | None = None,
    data_root: Path | None = None,
    fresh: bool = False,
    warm_start: str | None = None,
    until: Phase = Phase.CONFIRM,
    asked: Needs = NOTHING,
    observe: Observer = _ignore,
    on_data: Progress = _unseen,
    status: StatusKeeper | None = None,
) -> Ended:
    """Run what is not done yet of a study: baselines, search, confirmation, ranking and report.

    Args:
        study: From ``load_study``.
        storage: Folder of studies and baselines; shared by all nodes.
        tracking_uri: Where MLflow keeps its runs.
        address: Of a Ray cluster; none for this machine alone.
        concurrency: Most trials at once; none for as many as fit.
        data_root: Folder of a data set that needs one.
        fresh: Archive what was there and begin anew.
        warm_start: Name of an earlier study whose matching trials the sampler is told of.
        until: The last phase to run.
        asked: What is to be found out about the tasks beyond what the study needs.
        observe: Told of everything that happens.
        on_data: Told how far packing and checking of the data is.
        status: Kept by the caller, who began before; the study's own file is written either way.

    Raises:
        MdmlTuneError: Anything that a user can mend; nothing that was written is lost.
        KeyboardInterrupt: Interrupted, or asked to stop; the same call goes on.
    """
    folder = Storage.at(storage).study(study.name)
    options = Options(
        address=address,
        concurrency=concurrency,
        data_root=data_root,
        only_one_node=_only_one_node(tracking_uri),
        asked=asked,
        warm_start=None if warm_start is None else folder.storage.study(warm_start),
    )
    # Before anything is spent, and what leaves no trace first.
    check_networks(study)
    check_data(study.data, data_root, on_data)
    check_tracking(tracking_uri)
    with (
        nullcontext(status) if status is not None else kept() as keeper,
        opened(study, folder, data_root, fresh=fresh) as begun,
        keeper.inside(folder, begun.lease),
    ):
        with publishing(folder, tracking_uri) as work:
            told = replace(options, last_word=keeper.last_word)
            try:
                run(study, folder, begun, told, keeper.watching(observe), until=until)
            except ClusterLostError:
                work.make_haste()  # Ray is about to end the process, and MLflow may have gone as well
                raise
            results = None if until is Phase.BASELINE else _write(folder, work, data_root)
        record = folder.record()
        failed = tuple(failures([*record.baselines, *record.trials]))
        answer = "" if results is None else results.answer
        if failed:
            keeper.end(SOME_FAILED, f"{len(failed)} trials failed. {answer}".strip())
        else:
            keeper.end(DONE, answer)
    return Ended(record, results, failed, work.problem)


def _write(folder: StudyFolder, work: Publishing, data_root: Path | None) -> Results:
    work.catch_up()
    subject = load_subject(folder)
    if subject.to_ask is not None:
        subject = subject.with_answers(keep_samples(folder, subject.to_ask, data_root))
    results = write_results(subject, folder.results, run_ids(folder))
    work.conclude(Outcome.FINISHED, _summary(results.rows))
    return results


def _summary(rows: tuple[RankedRow, ...]) -> dict[str, float]:
    """What the parent run shows of the study in one line: the best, and on which split."""
    best = rows[0] if rows else None
    if best is None or best.delta_m is None:
        return {}
    return {f"best/{best.split}/delta_m": best.delta_m}


def _only_one_node(tracking_uri: str) -> str | None:
    """A file of one machine is no tracking store for a cluster of several."""
    if not tracking_uri.startswith("sqlite"):
        return None
    return (
        f"The cluster has several nodes, and the tracking store {tracking_uri} is a file on one of "
        f"them. Start an MLflow server that all can reach, and name it with --tracking-uri "
        f"http://HOST:5000."
    )
