"""Training one configuration, where something that it needs has gone."""

import shutil
from pathlib import Path

import pytest
import yaml
from commands import run
from trained import TRIAL, trained_once

from mdml_tune.cli.train import train


@pytest.mark.slow
def test_a_teacher_without_checkpoint_is_named(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    location, keys = trained_once(tmp_path_factory)
    shutil.copytree(location, "runs")
    gone = Path("runs/baselines") / keys["depth 0"] / "checkpoints"
    shutil.rmtree(gone)
    scd = {"queue": [["depth"], ["segmentation"]], "stage_epochs": 1}
    study = {"study": "one", "trial": TRIAL | {"scd": scd}, "baseline": {"seeds": 2}}
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(study))
    code, said = run(train, "one.yaml", "--storage", "runs")
    assert code == 3
    assert f"error: No whole checkpoint in {gone.absolute()}" in said
    assert "None" not in said
