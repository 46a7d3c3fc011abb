"""The one place that speaks MLflow: plain values in, plain values out, two kinds of error.

MLflow is imported when a ``Server`` is made, not with this module: it reads its settings at import,
and that import costs more than a second.
"""

import json
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.errors import ConfigError
from mdml_tune.tracking.addresses import absolute_uri, redact
from mdml_tune.tracking.failures import RefusedError, failure
from mdml_tune.tracking.gains import TEST_GAIN
from mdml_tune.tracking.points import Point

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # every error is raised too, and told to the user by us
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A retried `create_run` makes a second run, and a retry blocks: we come back later ourselves.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Defaults of MLflow's client; what the environment already says has precedence."""

_PARAMS_PER_REQUEST = 100
_RUNS_PER_PAGE = 200  # runs come whole: a page of a thousand takes longer than a request may


@dataclass(frozen=True, slots=True)
class FoundRun:
    run_id: str
    start_ms: int
    status: str
    tags: Mapping[str, str]
    has_test: bool


class Server:
    """A tracking store, be it a server or a database.

    Every method raises ``AwayError`` or ``RefusedError``; their texts hold no credentials.
    """

    def __init__(self, uri: str) -> None:
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient, entities, exceptions  # noqa: PLC0415 - see above
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - comes with MLflow

        self._entities = entities
        self._database_error = SQLAlchemyError
        self._error = exceptions.MlflowException
        self.uri = absolute_uri(uri)
        with self._errors():
            self._client = MlflowClient(self.uri)

    def ping(self) -> None:
        with self._errors():
            self._client.search_experiments(max_results=1)

    def experiment(self, name: str, artifacts: Path | None) -> str:
        """Id of the experiment, which is made where there is none.

        Raises:
            ConfigError: An experiment of that name has been deleted, and so keeps the name.
        """
        with self._errors():
            found = self._client.get_experiment_by_name(name)
            if found is None:
                where = None if artifacts is None else (artifacts / name).as_uri()
                return self._client.create_experiment(name, where)
        if found.lifecycle_stage != "active":
            raise ConfigError(
                f"The MLflow experiment '{name}' at {redact(self.uri)} has been deleted, but not "
                f"for good. Restore it (mlflow experiments restore -x {found.experiment_id}), "
                f"remove it for good (mlflow gc), or call the study otherwise with --name."
            )
        return str(found.experiment_id)

    def experiment_tags(self, experiment_id: str) -> Mapping[str, str]:
        with self._errors():
            return self._client.get_experiment(experiment_id).tags

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        with self._errors():
            for key, value in tags.items():
                self._client.set_experiment_tag(experiment_id, key, value)

    def is_active(self, run_id: str, experiment_id: str) -> bool:
        """Whether the run is there, in that experiment, and not deleted."""
        try:
            with self._errors():
                info = self._client.get_run(run_id).info
        except RefusedError:
            return False
        return info.lifecycle_stage == "active" and info.experiment_id == experiment_id

    def find_runs(self, experiment_id: str, query: str = "") -> list[FoundRun]:
        """Every active run of the experiment that matches, the oldest first."""
        found: list[FoundRun] = []
        token: str | None = None
        while True:
            with self._errors():
                page = self._client.search_runs(
                    [experiment_id], query, max_results=_RUNS_PER_PAGE, page_token=token
                )
            found += [
                FoundRun(
                    run_id=run.info.run_id,
                    start_ms=run.info.start_time or 0,
                    status=run.info.status,
                    tags=run.data.tags,
                    has_test=any(
                        key.startswith("test/") and key != TEST_GAIN for key in run.data.metrics
                    ),
                )
                for run in page
            ]
            token = page.token
            if not token:
                return sorted(found, key=lambda run: (run.start_ms, run.run_id))

    def create_run(
        self, experiment_id: str, name: str, tags: Mapping[str, str], start_ms: int
    ) -> str:
        """A new run. After ``AwayError`` it may be there all the same: look before trying again."""
        with self._errors():
            run = self._client.create_run(experiment_id, start_ms, dict(tags), name)
            return run.info.run_id

    def log(
        self,
        run_id: str,
        *,
        points: Sequence[Point] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add to a run. What is there already, to the last digit, is not added again."""
        make = self._entities
        metrics = [make.Metric(p.key, p.value, p.timestamp_ms, p.step) for p in points]
        run_tags = [make.RunTag(key, value) for key, value in (tags or {}).items()]
        all_params = [make.Param(key, value) for key, value in (params or {}).items()]
        with self._errors():
            if metrics or run_tags:
                self._client.log_batch(run_id, metrics=metrics, tags=run_tags)
            for start in range(0, len(all_params), _PARAMS_PER_REQUEST):
                some = all_params[start : start + _PARAMS_PER_REQUEST]
                self._client.log_batch(run_id, params=some)

    def log_data_set(self, run_id: str, name: str, digest: str) -> None:
        make = self._entities
        source = json.dumps({"dataset": name, "digest": digest})
        # MLflow keeps 36 characters of a digest.
        dataset = make.Dataset(name, digest[:36], source_type="mdml-tune", source=source)
        tags = [make.InputTag("mlflow.data.context", "train")]
        with self._errors():
            self._client.log_inputs(run_id, [make.DatasetInput(dataset, tags)])

    def set_status(self, run_id: str, status: str, end_ms: int) -> None:
        """``end_ms`` counts for ended runs only; a re-opened one keeps its old end until then."""
        with self._errors():
            if status == "RUNNING":
                self._client.update_run(run_id, status)
            else:
                self._client.set_terminated(run_id, status, end_ms)

    def history(self, run_id: str, key: str) -> set[tuple[int, int]]:
        """Step and timestamp of every value of a metric."""
        with self._errors():
            rows = self._client.get_metric_history(run_id, key)
        return {(row.step, row.timestamp) for row in rows}

    def delete_run(self, run_id: str) -> None:
        with self._errors():
            self._client.delete_run(run_id)

    def upload(self, run_id: str, file: Path, folder: str | None) -> None:
        with self._errors():
            self._client.log_artifact(run_id, str(file), folder)

    @contextmanager
    def _errors(self) -> Generator[None]:
        # Without the cause: its text may hold the credentials that ours has lost.
        try:
            yield
        except self._error as error:
            raise failure(error, error.error_code) from None
        except (OSError, self._database_error) as error:
            raise failure(error, None) from None
