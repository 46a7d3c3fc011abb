"""All checks of the doctor, in a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mdml_tune.cli.checking.checks import Check, problem
from mdml_tune.cli.checking.machine_checks import files, gpus, versions
from mdml_tune.cli.checking.storage_checks import leftovers, room, writable
from mdml_tune.cli.checking.study_checks import (
    data_and_networks,
    resources,
    room_needed,
    this_machine,
)
from mdml_tune.cli.checking.telling import tell
from mdml_tune.cli.checking.tracking_checks import tracking
from mdml_tune.errors import UnavailableError
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import Storage
from mdml_tune.tuning.cluster import Cluster, joined


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    study: Study | None
    """None to check what all studies need."""
    storage: Storage
    tracking_uri: str
    address: str | None
    data_root: Path | None
    concurrency: int | None


def examine(patient: Patient, *, repair: bool) -> int:
    """Run every check and print what was found; the exit code."""
    return tell(checks(patient, repair=repair))


def checks(patient: Patient, *, repair: bool) -> Iterator[Check]:
    """One after the other; none of them raises what a user can mend."""
    yield from versions()
    yield from gpus()
    yield files()
    yield writable(patient.storage)
    cluster, found = _cluster(patient)
    yield from found
    if patient.study is not None:
        yield from data_and_networks(patient.study, patient.data_root)
        if cluster is not None:
            yield resources(patient.study, cluster, patient.concurrency)
    yield room(patient.storage, _needed(patient, cluster))
    yield from leftovers(patient.storage, repair=repair)
    yield from tracking(patient.tracking_uri, patient.storage, repair=repair)


def _cluster(patient: Patient) -> tuple[Cluster | None, list[Check]]:
    """What trials would run on, with what its nodes say; none where it does not answer."""
    if patient.address is None:
        return this_machine(), []
    from mdml_tune.cli.checking.cluster_checks import nodes

    try:
        with joined(patient.address) as cluster:
            return cluster, nodes(patient.storage.path)
    except (UnavailableError, OSError) as error:
        return None, [problem("cluster", str(error))]


def _needed(patient: Patient, cluster: Cluster | None) -> int | None:
    if patient.study is None or cluster is None:
        return None
    return room_needed(patient.study, cluster, patient.concurrency, patient.data_root)
