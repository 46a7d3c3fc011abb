"""A study as a command runs it: watched, told, and answered with an exit code."""

from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from mdml_tune.analysis.comparisons import main_ones
from mdml_tune.analysis.report import Results
from mdml_tune.analysis.tables.comparison_text import comparison_text
from mdml_tune.analysis.tables.leaderboard import leaderboard
from mdml_tune.analysis.tables.paper import delta_m_text
from mdml_tune.api import Ended, run_study
from mdml_tune.cli import arguments as arg
from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.tables import build_console, print_table
from mdml_tune.cli.watching.hooks import Hook
from mdml_tune.cli.watching.notify import Notifier, notifying
from mdml_tune.cli.watching.progress import watched
from mdml_tune.data.load import check_data
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.scd.relations import Needs
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tracking.addresses import redact
from mdml_tune.tuning.baselines import NOTHING
from mdml_tune.tuning.reporting import DONE, INTERRUPTED, SOME_FAILED, StatusKeeper


@dataclass(frozen=True, slots=True)
class Session:
    study: Study
    storage: str
    tracking_uri: str
    hooks: tuple[Hook, ...] = ()
    console: Console = field(default_factory=build_console)

    @property
    def folder(self) -> StudyFolder:
        return Storage.at(self.storage).study(self.study.name)

    def run(
        self,
        *,
        address: str | None,
        concurrency: int | None,
        data_root: Path | None,
        fresh: bool = False,
        until: Phase = Phase.CONFIRM,
        asked: Needs = NOTHING,
        warm_start: str | None = None,
        status: StatusKeeper | None = None,
    ) -> int:
        """Run the study as far as ``until``, and return the exit code."""
        objective = self.study.search.ranked_by
        before = self.folder.record().trials if self.folder.exists() and not fresh else ()
        try:
            with notifying(self.study.name, self.hooks) as notifier:
                with progress() as bar:  # a bar of its own, before the view of the study
                    check_data(self.study.data, data_root, bar)
                with watched(
                    self.console, objective, study=self.study.name, before=before
                ) as observe:
                    ended = run_study(
                        self.study,
                        storage=self.storage,
                        tracking_uri=self.tracking_uri,
                        address=address,
                        concurrency=concurrency,
                        data_root=data_root,
                        fresh=fresh,
                        warm_start=warm_start,
                        until=until,
                        asked=asked,
                        observe=notifier.watching(observe, objective, before),
                        status=status,
                    )
                _notify(notifier, ended)
        except KeyboardInterrupt:
            self.console.print(
                f"\nStopped. Nothing is lost: the same command goes on with study "
                f"'{self.study.name}' from here.",
                markup=False,
            )
            return INTERRUPTED
        if ended.results is not None:
            self._show(ended.results)
        if ended.problem is not None:
            self.console.print(f"warning: {ended.problem}", markup=False, soft_wrap=True)
        for trial in ended.failed:
            self.console.print(f"failed: {_failure(trial)}", markup=False, soft_wrap=True)
        return SOME_FAILED if ended.failed else DONE

    def _show(self, results: Results) -> None:
        console = self.console
        if results.rows:
            print_table(console, leaderboard(results.rows, 10, results.front), title="Leaderboard")
        if results.table is not None:
            print_table(
                console, delta_m_text(results.table), title="Δm against single-task networks"
            )
        if results.comparisons:
            compared = main_ones(results.comparisons)
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
                ("--tracking-uri", redact(self.tracking_uri), arg.DEFAULT_TRACKING),
                ("--storage", self.storage, arg.DEFAULT_STORAGE),
            )
            if value != default
        ]
        return " ".join(["mdml-tune ui", *flags])


def _notify(notifier: Notifier, ended: Ended) -> None:
    said = f"{len(ended.failed)} trials failed. " if ended.failed else ""
    answer = "the baselines are trained" if ended.results is None else ended.results.answer
    notifier.finished(f"{said}{answer}", _values(ended.results))


def _values(results: Results | None) -> dict[str, str | float | None]:
    if results is None or not results.rows:
        return {}
    best = results.rows[0]
    return {"config_id": best.config_id, "delta_m": best.delta_m, "split": best.split}


def _failure(trial: TrialRecord) -> str:
    reason = (trial.failure or "").splitlines()
    what = f"{trial.phase} {trial.method or trial.config_id} seed {trial.seed}"
    return f"{what} ({trial.trial_key}): {reason[0] if reason else 'for no known reason'}"


def _short(path: Path) -> str:
    """Relative to the working directory where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
