"""Two trainings of one trial in one picture."""

from mdml_tune.analysis.figures.overlay import draw_overlay, overlay
from mdml_tune.records import EpochReport, Phase, TrialRecord


def trial(*losses: float) -> TrialRecord:
    history = tuple(EpochReport(e, 1, {"train/loss": x}) for e, x in enumerate(losses, start=1))
    return TrialRecord(trial_key="t", config_id="c", phase=Phase.SEARCH, seed=0, history=history)


def test_both_curves_of_what_was_recorded() -> None:
    numbers = overlay(trial(3.0, float("nan"), 1.0), trial(3.0, 2.0), ("train/loss", "val/delta_m"))
    assert numbers.curves == {"train/loss": (((1, 3.0), (3, 1.0)), ((1, 3.0), (2, 2.0)))}


def test_they_are_drawn_one_upon_the_other() -> None:
    (axes,) = draw_overlay(overlay(trial(3.0, 1.0), trial(3.0, 2.0), ("train/loss",))).axes
    recorded, again = axes.lines
    assert list(recorded.get_ydata()) == [3.0, 1.0]
    assert list(again.get_ydata()) == [3.0, 2.0]
    assert recorded.get_linewidth() > again.get_linewidth()  # both are seen where they agree
    assert draw_overlay(overlay(trial(), trial(), ("train/loss",))).axes == []
