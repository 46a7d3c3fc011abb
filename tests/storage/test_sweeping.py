"""What killed processes left is cleared; what is held, or has its name, stays."""

import json
import os
import subprocess
import sys
from pathlib import Path

from mdml_tune.storage.lock import held
from mdml_tune.storage.sweeping import clear_drafts, sweep


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


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from mdml_tune.storage.atomic import write_bytes

os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
write_bytes(Path(sys.argv[1]), b"half")
"""


def test_what_a_killed_process_had_half_written_goes(tmp_path: Path) -> None:
    program = [sys.executable, "-c", KILLED_WHILE_WRITING, str(tmp_path / "mlflow.json")]
    assert subprocess.run(program, check=False).returncode == -9
    [half] = tmp_path.iterdir()
    mine = tmp_path / f".ranked.csv.{os.getpid()}.0123abcd.tmp"
    whole = tmp_path / "mlflow.json"
    for path in (mine, whole):
        path.touch()
    clear_drafts([tmp_path, tmp_path / "not there"])
    assert not half.exists()
    assert {*tmp_path.iterdir()} == {mine, whole}
