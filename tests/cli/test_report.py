"""`mdml-tune report`: results written again, with predictions where they can be had."""

import shutil
from pathlib import Path

import pytest
from commands import run
from trained import NAME, of, trained_once

from mdml_tune.cli.report import report

pytestmark = pytest.mark.slow

STRIP = Path(f"runs/studies/{NAME}/results/figures/predictions.png")


@pytest.fixture
def keys(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a study of which one configuration is confirmed, its checkpoint kept."""
    location, keys = trained_once(tmp_path_factory)
    shutil.copytree(location, tmp_path / "runs")
    shutil.rmtree(of(Path("runs")).trial(keys["distilled"]).path)
    return keys


def test_the_networks_are_asked_once(keys: dict[str, str]) -> None:
    code, said = run(report, NAME, "--storage", "runs")
    assert code == 0, said
    assert "report.html" in said
    assert "without" not in said
    drawn = STRIP.read_bytes()
    shutil.rmtree(of(Path("runs")).trial(keys["confirm"]).checkpoints)
    code, said = run(report, NAME, "--storage", "runs")
    assert "without" not in said
    assert STRIP.read_bytes() == drawn


def test_why_there_is_no_strip_is_said(keys: dict[str, str]) -> None:
    key = keys["depth 0"]
    shutil.rmtree(of(Path("runs")).storage.baseline(key).checkpoints)
    code, said = run(report, NAME, "--storage", "runs")
    assert code == 0, said
    assert f"without a strip of predictions: no checkpoint was kept of {key}" in said
    assert "report.html" in said
    assert not STRIP.exists()
