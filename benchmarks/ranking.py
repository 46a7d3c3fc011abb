"""What the ranking promises, on studies whose truth is known: false wins, power, coverage.

    python benchmarks/ranking.py [STUDIES]

Confirmed configurations with Δm noise of 0.3 points per seed, and seeds that suit all configurations alike
by ``shared`` points (standard deviation). *False wins*: all are equal, and the leader is put ahead of
any. *Found*: one is truly a point better, comes first, and is told from every other. *Coverage*: how often
the 95 % interval of Δm holds the true value, with noisy baselines.
"""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "analysis"))

from known_truth import SHARED, best_is_found, covered, false_win, uneven_false_win


def main() -> None:
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    console = Console()
    table = Table(title=f"{studies} studies each")
    for name in ("configurations", "seeds"):
        table.add_column(name, justify="right")
    for what in ("false wins", "found"):
        for shared in SHARED:
            table.add_column(f"{what}\n{shared:g}", justify="right")
    for count in (2, 3, 5, 10):
        for seeds in (2, 3, 5):
            random = np.random.default_rng(0)
            rates = [
                np.mean([what(random, count, seeds, shared) for _ in range(studies)])
                for what in (false_win, best_is_found)
                for shared in SHARED
            ]
            table.add_row(str(count), str(seeds), *(f"{100 * rate:.1f} %" for rate in rates))
    console.print(table)
    random = np.random.default_rng(0)
    uneven = np.mean([uneven_false_win(random) for _ in range(studies)])
    console.print(
        f"false wins of 5 equal configurations with 3 seeds, of which one has four times the "
        f"noise of the others: {100 * uneven:.1f} %"
    )
    for noise, of_baselines in ((0.5, 0.5), (0.3, 1.0), (1.0, 0.2)):
        random = np.random.default_rng(0)
        inside = np.mean([covered(random, noise, of_baselines) for _ in range(studies)])
        console.print(
            f"coverage, noise {noise:g} of a configuration's metrics and {of_baselines:g} of the "
            f"baselines' (percent of the score), 3 seeds each: {100 * inside:.1f} %"
        )


if __name__ == "__main__":
    main()
