"""A configuration to be trained again: as a study file for ``mdml-tune train``."""

import json
from collections.abc import Sequence

import yaml

from mdml_tune.analysis.page.summary import leader
from mdml_tune.analysis.ranking import RankedRow
from mdml_tune.errors import ReportError
from mdml_tune.records import StudyRecord

_LONGEST_NAME = 90
"""Characters of the study's name that leave room for what is added."""


def winner_yaml(study: StudyRecord, rows: Sequence[RankedRow]) -> str | None:
    """The leading configuration; none where nothing was trained to the end."""
    best = leader(rows)
    return None if best is None else _to_yaml(study, best, "winner")


def ranked_yaml(study: StudyRecord, rows: Sequence[RankedRow], rank: int) -> str:
    """The configuration that stands at ``rank``, whatever became of it.

    Raises:
        ReportError: There is none.
    """
    if not 1 <= rank <= len(rows):
        there = f"ranks 1 to {len(rows)}" if rows else "no configuration yet"
        raise ReportError(
            f"Study '{study.name}' has {there}, and no rank {rank}. Name one of them."
        )
    return _to_yaml(study, rows[rank - 1], f"rank-{rank}")


def _to_yaml(study: StudyRecord, row: RankedRow, role: str) -> str:
    config: object = json.loads(json.dumps(dict(row.shown[0].config)))  # enums become text
    content = {
        "study": f"{study.name[:_LONGEST_NAME]}-{role}",
        "trial": config,
        "baseline": _baseline_plan(study),
    }
    head = f"# {row.config_id} of study {study.name}, rank {row.rank}, {row.phase} phase, {row.status}\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _baseline_plan(study: StudyRecord) -> dict[str, object]:
    """The single-task networks that the study was measured against, to be measured against again."""
    recipe = study.baselines[0].config if study.baselines else {}
    shared = {key: recipe[key] for key in ("network", "training") if key in recipe}
    seeds = len({baseline.seed for baseline in study.baselines}) or 1
    return {"seeds": seeds, "trial": json.loads(json.dumps(shared))}
