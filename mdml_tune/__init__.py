"""Hyper-parameter search for multi-task networks that learn from each other.

``load_study``, ``run_study``, ``load_record`` and ``rank`` are what programs need; see
``mdml_tune.api``. They are imported when they are first asked for: ``mdml-tune --help`` is instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mdml_tune.api import Ended, load_record, load_study, rank, run_study

__version__ = "0.1.0"

__all__ = ["Ended", "load_record", "load_study", "rank", "run_study"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("mdml_tune.api"), name)
    raise AttributeError(f"module 'mdml_tune' has no attribute '{name}'")
