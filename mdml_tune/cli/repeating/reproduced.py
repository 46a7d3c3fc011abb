"""What a reproduction has found, as files and in words."""

from collections.abc import Sequence

from mdml_tune.analysis.figures.overlay import draw_overlay, overlay
from mdml_tune.analysis.figures.style import encode
from mdml_tune.cli.repeating.matching import Comparison
from mdml_tune.records import TrialRecord
from mdml_tune.storage.atomic import write_bytes, write_json
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import METRICS

PICTURE = "comparison.png"


def write_comparison(
    folder: TrialFolder,
    recorded: TrialRecord,
    again: TrialRecord,
    comparison: Comparison,
    changes: Sequence[str],
    tolerance: float,
) -> None:
    """Write ``comparison.json`` and a picture of both curves into the folder."""
    largest = comparison.largest
    write_json(
        folder.path / "comparison.json",
        {
            "trial_key": recorded.trial_key,
            "verdict": comparison.verdict(tolerance),
            "matched": comparison.is_within(tolerance),
            "exactly": comparison.is_exact,
            "tolerance": tolerance,
            "epochs": comparison.epochs,
            "values": comparison.values,
            "different_values": len(comparison.differences),
            "largest": None
            if largest is None
            else {
                "metric": largest.metric,
                "epoch": largest.epoch,
                "recorded": largest.recorded,
                "again": largest.again,
                "relative": largest.relative,
            },
            "changed_since": list(changes),
        },
    )
    drawn = draw_overlay(overlay(recorded, again, ("train/loss", _objective(recorded))))
    write_bytes(folder.path / PICTURE, encode(drawn, "png"))


def _objective(recorded: TrialRecord) -> str:
    """The gain where it was measured, else the primary metric of the first task."""
    metrics = {} if recorded.last is None else recorded.last.metrics
    primary = (f"val/{METRICS[task][0].path}" for task in METRICS)
    return next((name for name in ("val/delta_m", *primary) if name in metrics), "train/loss")


def verdict_lines(comparison: Comparison, tolerance: float) -> list[str]:
    lines = [f"{comparison.verdict(tolerance)} ({comparison.values} values compared)"]
    if not comparison.is_within(tolerance) and comparison.differences:
        first = comparison.differences[0]
        where = "on test" if first.epoch is None else f"at epoch {first.epoch}"
        lines.append(f"The two part {where}, in {first.metric}.")
    return lines
