"""The driver is killed with -9 again and again; what comes out is as if it had never been."""

import os
from pathlib import Path

import pandas as pd
import pytest
from chaos.harness import Place, kill_often

KILLS = int(os.environ.get("MDML_CHAOS_KILLS", "4"))
SEED = int(os.environ.get("MDML_CHAOS_SEED", "0"))


@pytest.mark.slow
@pytest.mark.longest
def test_a_study_whose_driver_is_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    calm, stormy = Place(tmp_path / "calm"), Place(tmp_path / "stormy")
    assert calm.run() == 0, "\n".join(calm.log[-30:])
    where = kill_often(stormy, KILLS, SEED)
    assert stormy.run() == 0, "\n".join(stormy.log[-30:])

    assert len(where) == KILLS, where
    pd.testing.assert_frame_equal(stormy.ranked, calm.ranked, check_exact=True)
    then, now = calm.runs(), stormy.runs()
    assert now.statuses == then.statuses
    assert set(now.statuses) == {"FINISHED"}
    assert now.metrics == then.metrics
    for points in now.metrics.values():
        assert all(len(values) == 1 for values in points.values())
    assert stormy.leftovers() == []
