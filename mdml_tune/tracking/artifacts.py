"""The study file and the results, as artifacts of the parent run."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from mdml_tune.tracking.description import study_file
from mdml_tune.tracking.session import Session


def upload_study_file(session: Session) -> None:
    _upload(session, session.study.path / study_file(session.study))


def upload_results(session: Session) -> None:
    """Everything under ``results/`` that is not there yet, or has changed."""
    for file in _files(session.study.results):
        _upload(session, file)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):  # those are drafts
            yield path


def _upload(session: Session, file: Path) -> None:
    """A file that has vanished meanwhile is left to the next pass."""
    name = file.relative_to(session.study.path).as_posix()
    try:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        return
    if session.ledger.artifacts.get(name) == digest:
        return
    folder, _, _ = name.rpartition("/")
    session.server.upload(session.parent_run_id, file, folder or None)
    session.ledger.artifacts[name] = digest
    session.changed = True
