"""A trial that hoards memory is killed by Ray, which then gives up the whole search: we do not."""

import os
from pathlib import Path

import pytest
from chaos.test_workers import UNRULY, Place, order_later, trials, unruly

__all__ = ["unruly"]

SPARE = 0.18
"""Share of the machine's memory that may be hoarded on top of what is used now."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "MDML_CHAOS_MEMORY" not in os.environ,
        reason="fills memory until Ray notices; make chaos runs it",
    ),
]


def test_a_trial_that_hoards_memory_fails_alone_with_the_figure(
    unruly: Place, tmp_path: Path
) -> None:
    lines = Path("/proc/meminfo").read_text().splitlines()
    memory = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    threshold = 1 - memory["MemAvailable"] / memory["MemTotal"] + SPARE
    environment = {
        **unruly.environment,
        "RAY_memory_usage_threshold": f"{threshold:.3f}",
        "RAY_memory_monitor_refresh_ms": "100",
    }
    place = Place(tmp_path, environment)
    (tmp_path / "small.yaml").write_text(UNRULY)
    order_later(place, "hoard", "hoard")
    assert place.run() == 4, "\n".join(place.log[-30:])
    assert any("Ray gave up" in line for line in place.log)
    ended = trials(place)
    assert len(ended) == 3
    [failure] = [r["failure"] for r in ended.values() if r["status"] == "failed"]
    assert failure.startswith("crashed: its process died 2 times")
    assert "out of memory" in failure
    assert "GB" in failure
