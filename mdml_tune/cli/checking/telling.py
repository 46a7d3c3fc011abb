"""What was found, as a table on the terminal."""

from collections.abc import Iterable

from rich.console import Console

from mdml_tune.cli.checking.checks import Check, State
from mdml_tune.cli.grid import print_grid
from mdml_tune.cli.tables import build_console

HEALTHY, UNAVAILABLE = 0, 3


def tell(checks: Iterable[Check]) -> int:
    """Print what was found; the exit code."""
    found = list(checks)
    console = build_console()
    rows = [(check.state.upper(), check.what, check.said, check.remedy) for check in found]
    print_grid(console, ("", "check", "found", "remedy"), rows)
    counts = {state: sum(check.state is state for check in found) for state in State}
    _conclude(console, counts)
    return UNAVAILABLE if counts[State.PROBLEM] else HEALTHY


def _conclude(console: Console, counts: dict[State, int]) -> None:
    problems, warnings = counts[State.PROBLEM], counts[State.WARNING]
    said = f"{problems} problems, {warnings} warnings." if problems or warnings else "All is well."
    console.print(said, markup=False, highlight=False)
