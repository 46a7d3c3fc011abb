"""Whether a study's trials fit on the nodes that a file can make."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mdml_tune.cli.checking.checks import Check, ok, problem, warning
from mdml_tune.cli.checking.cluster_file.launcher import Launcher
from mdml_tune.cli.checking.cluster_file.lookup import number
from mdml_tune.spaces.plan import Resources
from mdml_tune.tuning.capacity import Growth, Node, NodeType


@dataclass(frozen=True, slots=True)
class Offer:
    """Nodes of one kind."""

    name: str
    cpus: float | None
    """Of one node; None where the file does not say it."""
    gpus: float
    most: float
    """How many nodes there may be."""


def fits(asked: Resources, offers: Sequence[Offer], most: float) -> Iterator[Check]:
    """How many trials run at once at full size, and on what.

    Args:
        asked: By each trial.
        offers: The kinds of nodes.
        most: Nodes of all kinds together.
    """
    wanted = f"{asked.cpus:g} CPU and {asked.gpus:g} GPU"
    if not offers or any(offer.cpus is None for offer in offers):
        yield ok("resources", f"a trial asks for {wanted}; the file does not say what nodes have")
        return
    types = [NodeType(one.name, Node(one.cpus or 0.0, one.gpus), int(one.most)) for one in offers]
    at_once = Growth(tuple(types), int(most)).fits((), asked)
    if not at_once:
        there = "; ".join(f"{one.name}: {one.node}" for one in types)
        yield problem(
            "resources",
            f"a trial asks for {wanted} on one node; there are {there}",
            "ask for less (--set resources.gpus=...), or add a type that has it",
        )
        return
    each = ", ".join(f"{one.node.holds(asked)} on a {one.name}" for one in types)
    yield ok("resources", f"{at_once} trials at once at full size ({each})")
    yield from _gpus_unused(asked, offers)


def offers_of(launcher: Launcher) -> tuple[list[Offer], float]:
    """The kinds of workers, and how many there may be of all together."""
    most = number(launcher.values, "max_workers")
    top = 2.0 if most is None else most
    found: list[Offer] = []
    for one in launcher.workers:
        own = number(one.values, "max_workers")
        found.append(Offer(one.name, one.cpus, one.gpus, top if own is None else own))
    return found, top


def _gpus_unused(asked: Resources, offers: Iterable[Offer]) -> Iterator[Check]:
    if asked.gpus:
        return
    for offer in offers:
        if offer.gpus:
            said = f"{offer.name} has GPUs, and trials ask for none: they train on the CPU"
            yield warning(
                "resources.gpus", said, "give --set resources.gpus=1, or take CPU machines"
            )
