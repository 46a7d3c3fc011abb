"""Records and events of a study that nobody runs."""

from typing import Any

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord

OBJECTIVE = "val/delta_m"


def report(epoch: int, value: float, objective: str = OBJECTIVE) -> EpochReport:
    return EpochReport(epoch, 1000 + epoch, {objective: value})


def record(number: int, value: float | None = None, **changed: Any) -> TrialRecord:
    """Of a searched trial; completed where it has a value."""
    settings: dict[str, Any] = {
        "trial_key": f"t{number:08x}{changed.get('seed', 0):08x}",
        "config_id": f"c{number:010x}",
        "phase": Phase.SEARCH,
        "seed": 0,
        "number": number,
        "parameters": {"mutual.weight": 0.5},
        "status": Status.RUNNING if value is None else Status.COMPLETED,
        "history": () if value is None else (report(80, value),),
    }
    return TrialRecord(**{**settings, **changed})
