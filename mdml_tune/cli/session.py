"""Where tuning, tracking and analysis meet: a study is run, published and told."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from mdml_tune.analysis.comparisons import worth_showing
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.analysis.report import Results, write_results
from mdml_tune.analysis.tables import comparison_text, delta_m_text, leaderboard
from mdml_tune.cli import arguments as arg
from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.networks import check_networks
from mdml_tune.cli.progress import watched
from mdml_tune.cli.tables import build_console, print_table
from mdml_tune.data.load import check_data
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.scd.relations import Needs
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tracking.background import Publishing, publishing
from mdml_tune.tracking.check import check_tracking
from mdml_tune.tracking.ending import Outcome
from mdml_tune.tracking.ledger import run_ids
from mdml_tune.tuning.baselines import NOTHING
from mdml_tune.tuning.study import Options, failures, opened, run_study

DONE, SOME_FAILED, INTERRUPTED = 0, 4, 130


@dataclass(frozen=True, slots=True)
class Session:
    study: Study
    folder: StudyFolder
    storage: str
    tracking_uri: str
    console: Console

    @classmethod
    def at(cls, study: Study, storage: str, tracking_uri: str) -> "Session":
        return cls(
            study, Storage.at(storage).study(study.name), storage, tracking_uri, build_console()
        )

    def run(
        self,
        *,
        address: str | None,
        concurrency: int | None,
        data_root: Path | None,
        fresh: bool = False,
        until: Phase = Phase.CONFIRM,
        asked: Needs = NOTHING,
    ) -> int:
        """Run the study as far as ``until``, and return the exit code."""
        options = Options(
            address=address,
            concurrency=concurrency,
            data_root=data_root,
            only_one_node=_only_one_node(self.tracking_uri),
            asked=asked,
        )
        # Before anything is spent, and what leaves no trace first.
        check_networks(self.study)
        with progress() as bar:
            check_data(self.study.data, data_root, bar)
        check_tracking(self.tracking_uri)
        objective = f"val/{self.study.search.objective}"
        try:
            with (
                opened(self.study, self.folder, options, fresh=fresh) as digest,
                publishing(self.folder, self.tracking_uri) as work,
            ):
                with watched(self.console, objective) as observe:
                    run_study(self.study, self.folder, digest, options, observe, until=until)
                results = None if until is Phase.BASELINE else self._write(work)
        except KeyboardInterrupt:
            self.console.print(
                f"\nStopped. Nothing is lost: the same command goes on with study "
                f"'{self.folder.name}' from here.",
                markup=False,
            )
            return INTERRUPTED
        if results is not None:
            self._show(results)
        if work.problem is not None:
            self.console.print(f"warning: {work.problem}", markup=False, soft_wrap=True)
        return self._verdict()

    def _write(self, work: Publishing) -> Results:
        work.catch_up()
        results = write_results(self.folder.record(), self.folder.results, run_ids(self.folder))
        work.conclude(Outcome.FINISHED, _summary(results.rows))
        return results

    def _show(self, results: Results) -> None:
        console = self.console
        print_table(console, leaderboard(results.rows, top=10), title="Leaderboard")
        if results.table is not None:
            print_table(
                console, delta_m_text(results.table), title="Δm against single-task networks"
            )
        if results.comparisons:
            compared = worth_showing(results.comparisons)
            print_table(console, comparison_text(compared), title="Methods compared")
            if len(compared) < len(results.comparisons):
                where = _short(self.folder.results / "comparisons.csv")
                said = f"All {len(results.comparisons)} comparisons: {where}"
                console.print(said, markup=False, highlight=False)
        lines = [
            "",
            results.answer,
            "",
            f"ranking   {_short(results.ranked_csv)}",
            f"report    {_short(results.report)}",
            f"runs      {self._ui_line()}",
        ]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)

    def _ui_line(self) -> str:
        """The line that opens the MLflow UI on this study."""
        flags = [
            f"{flag} {value}"
            for flag, value, default in (
                ("--tracking-uri", self.tracking_uri, arg.DEFAULT_TRACKING),
                ("--storage", self.storage, arg.DEFAULT_STORAGE),
            )
            if value != default
        ]
        return " ".join(["mdml-tune ui", *flags])

    def _verdict(self) -> int:
        record = self.folder.record()
        failed = failures([*record.baselines, *record.trials])
        for trial in failed:
            self.console.print(f"failed: {_failure(trial)}", markup=False, soft_wrap=True)
        return SOME_FAILED if failed else DONE


def _only_one_node(tracking_uri: str) -> str | None:
    """A file of one machine is no tracking store for a cluster of several."""
    if not tracking_uri.startswith("sqlite"):
        return None
    return (
        f"The cluster has several nodes, and the tracking store {tracking_uri} is a file on one of "
        f"them. Start an MLflow server that all can reach, and name it with --tracking-uri "
        f"http://HOST:5000."
    )


def _summary(rows: tuple[RankedRow, ...]) -> dict[str, float]:
    """What the parent run shows of the study in one line: the best, and on which split."""
    best = rows[0] if rows else None
    if best is None or best.delta_m is None:
        return {}
    return {f"best/{best.split}/delta_m": best.delta_m}


def _failure(trial: TrialRecord) -> str:
    reason = (trial.failure or "").splitlines()
    what = f"{trial.phase} {trial.method or trial.config_id} seed {trial.seed}"
    return f"{what} ({trial.trial_key}): {reason[0] if reason else 'for no known reason'}"


def _short(path: Path) -> str:
    """Relative to the working directory where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
