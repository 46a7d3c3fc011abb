"""What an early-stopping rule is: a fold over the reports of a search, without a clock or a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from mdml_tune.records import TrialRecord

Point = tuple[float, ...]
"""Values of the objectives in one report; all are maximised."""


@dataclass(frozen=True, slots=True)
class Member:
    """A trial as a rule sees it."""

    key: str
    number: int
    """Of its configuration."""
    since: int = 0
    """Epochs that it took over from the member it is a copy of; 0 for one that began anew."""


class Rule(Protocol):
    def judge(self, member: Member, epoch: int, values: Point) -> bool:
        """Whether to stop the member here.

        To be asked once per report, in the order of the reports. A report that is told again,
        because the epoch was done again after a restart, changes nothing and stops nobody.

        Args:
            member: Who reports.
            epoch: Epochs completed so far.
            values: Of the objectives.
        """
        ...


class RunToTheEnd:
    """Stops nobody."""

    def judge(self, member: Member, epoch: int, values: Point) -> bool:  # noqa: ARG002
        return False


def member_of(record: TrialRecord) -> Member:
    """The member whose trial this is. The last change of a copy is the one it was made for."""
    changes = cast("Sequence[Mapping[str, int]]", record.config.get("changes", ()))
    since = max((change["epoch"] for change in changes), default=0)
    return Member(record.trial_key, record.number or 0, since)
