"""How a trial, a score and a time are called while a study runs; fitted to a width if need be."""

from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from mdml_tune.cli.watching.standing import is_more
from mdml_tune.records import EpochReport, Phase, TrialRecord


class Name(NamedTuple):
    """Of a trial: numbers around a label, which alone may be shortened."""

    before: str
    label: str
    after: str = ""

    def __str__(self) -> str:
        return f"{self.before} {self.label}{self.after}"

    def fitted(self, width: int) -> str:
        """In as many columns at most, as long as the numbers leave room."""
        room = width - cell_len(f"{self.before} {self.after}")
        return f"{self.before} {shortened(self.label, max(1, room))}{self.after}"


def name_of(record: TrialRecord) -> Name:
    label, seed = record.method or record.config_id, f" seed {record.seed}"
    match record.phase:
        case Phase.BASELINE:
            return Name("baseline", label, seed)
        case Phase.SEARCH:
            return Name(f"trial {record.number}", label, seed if is_more(record) else "")
        case Phase.CONFIRM:
            return Name("confirm", label, seed)


def score_of(report: EpochReport | None, objective: str) -> str:
    """``+1.23 %``; nothing where there is none yet."""
    value = None if report is None else report.metrics.get(objective)
    return "" if value is None else f"{value:+.2f} %"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def first_line(text: str) -> str:
    return (text.splitlines() or [""])[0]


def shortened(text: str, width: int) -> str:
    """In ``width`` columns at most; an ellipsis stands for what is left out."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def shortened_by_words(text: str, width: int) -> str:
    """The same, without cutting a word or a number in two where there is a blank to cut at."""
    if cell_len(text) <= width:
        return text
    start = set_cell_size(text, width - 1)
    if text[len(start) :][:1] not in {"", " "} and " " in start.strip():
        start = start.rpartition(" ")[0]
    return start.rstrip() + "…"
