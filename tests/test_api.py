"""The package as programs see it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from trained import NAME, of, trained_once

import mdml_tune
from mdml_tune import api
from mdml_tune.errors import ReportError
from mdml_tune.storage.samples import read_samples
from mdml_tune.tracking.ending import Outcome


def test_what_programs_need_is_there() -> None:
    study = mdml_tune.load_study("rooms_mdml", set_values=["search.trials=6"])
    assert study.search.trials == 6
    for name in mdml_tune.__all__:
        assert getattr(mdml_tune, name).__doc__


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="no attribute 'serch'"):
        _ = mdml_tune.serch


def test_a_study_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(ReportError, match="no study 'mine'"):
        mdml_tune.load_record("mine", str(tmp_path))


def test_nothing_heavy_is_imported_before_it_is_asked_for() -> None:
    program = (
        "import sys, mdml_tune; print({'torch', 'ray', 'mlflow', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


class Silent:
    """A tracking server that nobody looks at."""

    def catch_up(self) -> None:
        pass

    def conclude(self, outcome: Outcome, summary: dict[str, float]) -> None:
        pass


@pytest.fixture
def runs(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of which one configuration is confirmed, its checkpoint kept."""
    location, keys = trained_once(tmp_path_factory)
    runs = tmp_path / "runs"
    shutil.copytree(location, runs)
    shutil.rmtree(runs / "studies" / NAME / "trials" / keys["distilled"])
    return runs


@pytest.mark.slow
def test_a_study_ends_with_a_strip_of_predictions(runs: Path) -> None:
    folder = of(runs)
    results = api._write(folder, Silent(), None)
    samples = read_samples(folder)
    assert samples is not None
    assert len(samples.images) == 2
    assert results.folder / "figures/predictions.png" in results.files
    strip = (results.folder / "figures/predictions.png").read_bytes()
    again = api._write(folder, Silent(), None)  # from what was kept
    assert again.files == results.files
    assert (results.folder / "figures/predictions.png").read_bytes() == strip


@pytest.mark.slow
def test_a_strip_that_cannot_be_made_costs_no_study(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("mdml_tune.predicting.sampling.predict", fail)
    results = api._write(of(runs), Silent(), None)
    assert results.report.exists()
    assert results.folder / "figures/predictions.png" not in results.files
