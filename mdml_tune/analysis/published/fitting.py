"""Whether rows of the literature may stand below those of a study."""

from collections.abc import Mapping

from mdml_tune.analysis.published.library import PublishedTable, names, published
from mdml_tune.errors import ReportError
from mdml_tune.records import StudyRecord


def check_fits(table: PublishedTable, study: StudyRecord, split: str) -> None:
    """Scores can be read side by side only where the data, the tasks and the split are the same.

    Raises:
        ReportError: They are not; the message says what differs, and which tables do fit.
    """
    misfit = _misfit(table, study)
    if misfit is not None:
        fitting = [name for name in names() if _misfit(published(name), study) is None]
        raise ReportError(
            f"--with-published {table.name}: its rows are {_kind(table)}, but study '{study.name}' is "
            f"{misfit}, so the scores cannot stand in one column. Tables that fit: "
            f"{', '.join(fitting) or 'none'}."
        )
    if split != "test":
        raise ReportError(
            f"--with-published {table.name}: its rows are scored on the official test split, but "
            f"nothing of study '{study.name}' is confirmed on test yet. Let the study go on, or "
            f"leave the published rows out."
        )


def _misfit(table: PublishedTable, study: StudyRecord) -> str | None:
    """In what the study is another one; none where it is the same."""
    data = _data(study)
    dataset = data.get("dataset", "unknown")
    if dataset != table.dataset:
        return f"of data set {dataset}"
    if set(study.tasks) != set(table.tasks):
        return f"of tasks {', '.join(study.tasks)}"
    if table.classes is not None and data.get("classes", table.classes) != table.classes:
        return f"of {data['classes']} classes"
    return None


def _kind(table: PublishedTable) -> str:
    classes = "" if table.classes is None else f" in {table.classes} classes"
    return f"of data set {table.dataset}{classes}, tasks {', '.join(table.tasks)}"


def _data(study: StudyRecord) -> Mapping[str, object]:
    """``trial.data`` of the study file as run."""
    trial = study.study.get("trial")
    data: object = trial.get("data") if isinstance(trial, Mapping) else None
    return data if isinstance(data, Mapping) else {}
