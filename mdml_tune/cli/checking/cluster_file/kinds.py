"""What is asked of nodes in both kinds of files: that none is lost, given back or crowded in vain."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from mdml_tune.cli.checking.checks import Check, warning


class Kind(Protocol):
    """Nodes made alike: a type of a launcher file, a group of a manifest."""

    @property
    def gpus(self) -> float: ...
    @property
    def is_spot(self) -> bool: ...


def spot(
    head: tuple[str, Kind] | None, workers: Sequence[tuple[str, Kind, float]]
) -> Iterator[Check]:
    """What is lost, or waits, when a provider takes machines back.

    Args:
        head: With its path.
        workers: Each kind with its path, and how many there may be.
    """
    if head is not None and head[1].is_spot:
        said = "the head is a spot machine: the search and its tracking server end when it is taken"
        yield warning(head[0], said, "buy the head on demand: it can be small")
    lasting = [one for _, one, most in workers if not one.is_spot and most]
    for where, one, _ in workers:
        if one.is_spot and not any(other.gpus >= one.gpus for other in lasting):
            said = "spot machines alone: where none is to be had the study waits"
            remedy = "add nodes like it on demand: the autoscaler takes what it can get"
            yield warning(where, said, remedy)


def idle_timeout(
    where: str, given: float | None, by_default: float, least: float, remedy: str
) -> Iterator[Check]:
    if given is None or given < least:
        found = f"{by_default:g} by default" if given is None else f"{given:g}"
        said = f"{found}: a machine may be given back while it still starts, and be bought again"
        yield warning(where, said, remedy)


def trials_on_head(where: str, remedy: str) -> Check:
    said = "the head offers CPUs or GPUs to trials, which then fight with the driver for memory"
    return warning(where, said, remedy)
