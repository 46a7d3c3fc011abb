"""Weights that a residual network starts from: a file's, or torchvision's of ImageNet."""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import cast
from urllib.parse import urlparse

import torch
from torch import Tensor
from torchvision.models import get_model, get_model_weights

from mdml_tune.config.network import Backbone
from mdml_tune.errors import ConfigError, UnavailableError

IMAGENET = "imagenet"

VERSION = "IMAGENET1K_V1"
"""Of torchvision's weights: the first, which the field's comparisons start from."""

SHOWN = 3
"""Names in a message before it says how many more there are."""


def read_weights(backbone: Backbone, source: str) -> dict[str, Tensor]:
    """The state of torchvision's network ``backbone``, without its classifier.

    Args:
        backbone: Whose names and shapes the weights must have.
        source: ``imagenet``, or the path of a file.

    Raises:
        UnavailableError: There is no such file, or it is not cached and cannot be downloaded.
        ConfigError: The file is not a state dict of that network.
    """
    weights = _imagenet(backbone) if source == IMAGENET else _stored(Path(source).expanduser())
    weights = {name: value for name, value in weights.items() if not name.startswith("fc.")}
    _check(weights, backbone, source)
    return weights


def _imagenet(backbone: Backbone) -> Mapping[str, Tensor]:
    url = get_model_weights(backbone)[VERSION].url
    cached = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    if not cached.exists():
        _download(url, cached)
    return _stored(cached)


def _download(url: str, cached: Path) -> None:
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        # The name ends with the first digits of the content's digest.
        torch.hub.download_url_to_file(url, str(cached), cached.stem.split("-")[-1], progress=False)
    except (OSError, RuntimeError) as error:
        raise UnavailableError(
            f"Weights of ImageNet are not in {cached} and cannot be downloaded: {error}. Download "
            f"{url} on a machine that can and put it there, or give the path of a file of your "
            "own: network.pretrained: PATH"
        ) from error


def _stored(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise UnavailableError(
            f"network.pretrained: there is no file {path.absolute()}. Give the path of a state dict "
            f"of torchvision's network, or {IMAGENET}"
        )
    try:
        state: object = torch.load(path, map_location="cpu", weights_only=True)
    except (EOFError, RuntimeError, UnpicklingError) as error:
        raise ConfigError(
            f"network.pretrained: {path} is not a file of weights, or is incomplete. Save one with "
            "torch.save(network.state_dict(), path)"
        ) from error
    tensors = isinstance(state, Mapping) and all(isinstance(v, Tensor) for v in state.values())
    if not tensors:
        raise ConfigError(
            f"network.pretrained: {path} holds more or other than weights by name. Save the state "
            "dict alone: torch.save(network.state_dict(), path)"
        )
    return cast("Mapping[str, Tensor]", state)


def _check(weights: Mapping[str, Tensor], backbone: Backbone, source: str) -> None:
    with torch.device("meta"):
        wanted = _shapes(get_model(backbone, weights=None).state_dict())
    found = _shapes(weights)
    faults = {
        "missing": [name for name in wanted if name not in found],
        "unknown": [name for name in found if name not in wanted],
        "of another shape": [
            name for name in wanted if found.get(name, wanted[name]) != wanted[name]
        ],
    }
    told = [f"{fault}: {_some(names)}" for fault, names in faults.items() if names]
    if told:
        raise ConfigError(
            f"network.pretrained: {source} is not a state dict of torchvision's {backbone} "
            f"({'; '.join(told)}). Give one that is, or change network.backbone"
        )


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Without the classifier, and without the counters, which old files lack."""
    return {
        name: tuple(value.shape)
        for name, value in state.items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
