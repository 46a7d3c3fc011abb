"""By which threshold the tasks of a configuration were grouped.

A trial's own record no longer says so: it names the blocks, and what led to them is at its default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import cast

from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.config.scd import ScdConfig
from mdml_tune.records import StudyRecord
from mdml_tune.scd.partition import Linkage
from mdml_tune.scd.relations import Kind
from mdml_tune.spaces.sections import at, below, is_section, laid_upon

_DEFAULTS: Mapping[str, object] = {field.name: field.default for field in fields(ScdConfig)}


@dataclass(frozen=True, slots=True)
class Grouping:
    kind: Kind
    """Of the similarity."""
    linkage: Linkage
    threshold: float


def grouping_of(study: StudyRecord, row: RankedRow) -> Grouping | None:
    """What its part of the study file says; none where no threshold made its blocks."""
    section = _section(study, row)
    if section is None or section.get("queue") is not None:
        return None

    def setting(name: str) -> object:
        searched = row.parameters.get(f"scd.{name}")
        return section.get(name, _DEFAULTS[name]) if searched is None else searched

    threshold = setting("grouping_threshold")
    if setting("blocks") != "grouped" or not isinstance(threshold, int | float):
        return None
    return Grouping(
        cast("Kind", setting("similarity")), cast("Linkage", setting("linkage")), threshold
    )


def _section(study: StudyRecord, row: RankedRow) -> Mapping[str, object] | None:
    """The scd section that the configuration was made from, its searched values still open."""
    methods = below(study.study.get("methods"))  # not by a path: a name may have dots in it
    method = below(methods.get(row.method or ""))
    found = laid_upon(below(study.study.get("trial")), method).get("scd")
    if found is None or is_section(found):
        return found
    label = row.parameters.get("scd")
    for index, option in below(at(found, "choice")).items():
        if is_section(option) and label == option.get("name", index):
            return option
    return None
