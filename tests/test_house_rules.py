"""The rules no linter knows."""

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import mdml_tune

PACKAGE = Path(mdml_tune.__file__).parent


def imported_after(program: str) -> set[str]:
    """Every module in a fresh process that has run ``program``."""
    listing = "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program + listing], check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_no_name_hides_a_module_of_others() -> None:
    # `python mdml_tune/search.py` puts this folder first on sys.path.
    ours = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    ours -= {"__init__", "__main__", "__pycache__"}
    assert "trial" in ours
    assert not ours & sys.stdlib_module_names
    assert not ours & set(metadata.packages_distributions())


def test_every_room_is_a_package() -> None:
    # A folder without __init__.py is left out of the wheel.
    rooms = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [room for room in sorted(rooms) if not (room / "__init__.py").exists()] == []


def test_the_trainer_needs_neither_ray_nor_optuna_nor_mlflow() -> None:
    modules = imported_after("import mdml_tune.trial")
    assert "torch" in modules
    assert not modules & {"ray", "optuna", "mlflow", "pandas", "matplotlib"}


def test_a_driver_waits_for_no_library_of_networks() -> None:
    modules = imported_after("import mdml_tune.cli.session, mdml_tune.tuning.study")
    assert not modules & {"torchvision", "torch._dynamo", "torchjd"}


def test_the_forecast_of_a_running_study_needs_neither_torch_nor_ray() -> None:
    modules = imported_after("import mdml_tune.tuning.forecast_left, mdml_tune.tuning.spending")
    assert not modules & {"torch", "ray", "optuna", "mlflow"}


@pytest.mark.parametrize("room", ["config", "spaces", "storage", "analysis"])
def test_what_needs_no_torch_does_not_load_it(room: str) -> None:
    # A quarter of a second instead of four, whenever somebody asks for --help.
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in sorted((PACKAGE / room).rglob("*.py"))
        if path.stem != "__init__"
    ]
    assert names
    modules = imported_after("\n".join(f"import {name}" for name in names))
    assert not modules & {"torch", "torchvision", "ray"}


def test_nothing_happens_at_import() -> None:
    # No seed, no handler, no thread setting: these belong to whoever starts the program.
    program = """
import logging, random
import numpy, torch
before = random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
settings = torch.get_num_threads(), torch.get_default_dtype(), list(logging.getLogger().handlers)
import mdml_tune.trial
assert before == (
    random.getstate(), numpy.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
)
assert settings == (
    torch.get_num_threads(), torch.get_default_dtype(), list(logging.getLogger().handlers)
)
"""
    assert "mdml_tune" in imported_after(program)
