"""What killed processes left is cleared; what is held, or has its name, stays."""

import json
import os
from pathlib import Path

from mdml_tune.storage.lock import held
from mdml_tune.storage.sweeping import sweep


def test_drafts_and_dead_locks_go_and_the_rest_stays(tmp_path: Path) -> None:
    trial = tmp_path / "t1"
    (trial / "checkpoints" / "tmp-123-4").mkdir(parents=True)
    (trial / "checkpoints" / "00004").mkdir()
    (trial / ".result.json.123.abc.tmp").write_text("half")
    (trial / "result.json").write_text("whole")
    dead = {"host": "gone", "pid": 1, "started": "1", "since": "long ago", "token": "x"}
    (trial / "LOCK").write_text(json.dumps(dead))
    os.utime(trial / "LOCK", (0, 0))
    sweep([trial, tmp_path / "not there"])
    left = sorted(path.relative_to(trial).as_posix() for path in trial.rglob("*"))
    assert left == ["checkpoints", "checkpoints/00004", "result.json"]


def test_nothing_is_touched_where_somebody_works(tmp_path: Path) -> None:
    with held(tmp_path / "LOCK", "it"):
        (tmp_path / ".history.123.abc.tmp").write_text("half")
        sweep([tmp_path])
        assert (tmp_path / ".history.123.abc.tmp").exists()
        assert (tmp_path / "LOCK").exists()
