"""The command as users run it: in a process of its own, from a folder of theirs."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mdml_tune.cli.main import main

STUDY = """\
study: small
trial:
  data: {dataset: rooms, tasks: [segmentation, depth], train_size: 4, val_size: 2, test_size: 2,
         image_size: [16, 24]}
  network: {kind: unet, width: 4}
  training: {epochs: 4, batch_size: 2}
  mutual:
    weight: {log_uniform: [0.03, 3.0]}
    temperature: {uniform: [1, 6]}
baseline: {seeds: 2}
search:
  trials: 3
  sampler: {kind: random}
  early_stopping: {kind: asha, grace_epochs: 1, reduction: 2}
confirm: {top: 1, seeds: 2}
"""


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the study in it, and none of the user's settings."""
    for name in ("MLFLOW_TRACKING_URI", "RAY_ADDRESS", "MDML_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "small.yaml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mdml_tune(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command in this process: exit code, output, errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return call


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """A program in a process of its own."""

    def call(
        program: Sequence[str], *, cwd: Path, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *program],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    return call
