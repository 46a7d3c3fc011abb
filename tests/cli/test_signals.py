"""A signal ends a command, also where Python loses what its handler raises."""

import subprocess
import sys

LOST = """
import os, signal
from mdml_tune.cli.signals import heed_signals
from mdml_tune.tuning.halting import INTERRUPTED

class Doomed:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})  # here Python only prints what is raised

signal.signal(signal.{name}, signal.SIG_DFL)  # nohup would have it ignored
heed_signals()
assert not INTERRUPTED.is_set()
Doomed()
assert INTERRUPTED.is_set()
print("went on")
"""


def test_a_lost_interruption_is_found_at_the_next_look() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        command = [sys.executable, "-c", LOST.format(name=name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.stdout == "went on\n", done.stderr
        assert "KeyboardInterrupt" in done.stderr
