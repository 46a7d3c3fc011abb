"""What the report's script knows: which marks of which figure stand for which configuration."""

from collections.abc import Iterable, Mapping, Sequence

from mdml_tune.analysis.figures.style import Mark
from mdml_tune.analysis.frame import parameter_names
from mdml_tune.analysis.numbers import NOTHING, interval, signed, tick
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.records import StudyRecord, Value

Marks = Mapping[str, Sequence[Mark]]
"""Id of a group within the page -> what its members stand for, in their order."""


def told(
    study: StudyRecord, rows: Sequence[RankedRow], marks: Marks, listed: Iterable[str]
) -> dict[str, object]:
    """Plain values for JSON: the marks, and every configuration that they or the ranking name."""
    known = {row.config_id: row for row in rows}
    named = {mark.config_id for members in marks.values() for mark in members} | {*listed}
    names = parameter_names(study)
    return {
        "marks": {
            group: [[mark.text, mark.config_id] for mark in members]
            for group, members in marks.items()
        },
        "settings": names,
        "configurations": {
            config_id: _told(row, names) for config_id, row in known.items() if config_id in named
        },
    }


def _told(row: RankedRow, names: Sequence[str]) -> list[object]:
    """Label, standing, and the values of all settings."""
    values = [_shown(row.parameters.get(name)) for name in names]
    return [row.label, _standing(row), values]


def _standing(row: RankedRow) -> str:
    parts = [f"rank {row.rank}"]
    if row.tier is not None:
        parts.append(f"tier {row.tier}")
    if row.delta_m is not None:
        sure = "" if row.interval is None else f" {interval(row.interval)}"
        parts.append(f"{signed(row.delta_m)} % Δm on {row.split}{sure}")
    return ", ".join([*parts, f"{row.status}, {row.seeds} seed{'s' if row.seeds > 1 else ''}"])


def _shown(value: Value) -> str:
    if value is None:
        return NOTHING
    return tick(value) if isinstance(value, float) else str(value)
