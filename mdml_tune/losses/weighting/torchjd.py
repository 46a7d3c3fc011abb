"""The door to TorchJD (Quinton and Rey 2024, arXiv:2406.16232), which not every user has."""

from importlib import import_module
from types import ModuleType

from mdml_tune.errors import UnavailableError


def torchjd_aggregation() -> ModuleType:
    """The module ``torchjd.aggregation``.

    Raises:
        UnavailableError: TorchJD is not installed.
    """
    try:
        return import_module("torchjd.aggregation")
    except ModuleNotFoundError as error:
        raise UnavailableError(
            "This weighting comes from TorchJD, which is not installed. Install it with: pip install "
            "'torchjd[cagrad,fairgrad]>=0.17,<0.19', or choose a weighting that needs no gradients, "
            "such as equal, dwa or famo."
        ) from error
