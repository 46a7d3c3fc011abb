"""Weights from elsewhere: what is taken, and what is refused in which words."""

import re
from dataclasses import replace
from email.message import Message
from io import BytesIO
from pathlib import Path
from typing import NoReturn
from urllib.error import URLError

import pytest
import torch
from torch import Tensor
from torchvision.models import ResNet18_Weights, resnet18

from mdml_tune.config.network import DeepLabV3Config, MtanConfig
from mdml_tune.errors import ConfigError, UnavailableError
from mdml_tune.models.build import build_network, check_network
from mdml_tune.models.pretrained import read_weights
from mdml_tune.models.resnet import dilated_resnet
from mdml_tune.tasks import Task

URL = ResNet18_Weights.IMAGENET1K_V1.url


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return resnet18().state_dict()


@pytest.fixture(scope="module")
def stored(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "mine.pth"
    torch.save(state, path)
    return path


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps, or would keep, the weights of ImageNet."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints" / URL.rsplit("/", maxsplit=1)[-1]


def offline(*_: object) -> NoReturn:
    raise URLError("no route to host")


def test_the_encoder_starts_from_the_file(stored: Path, state: dict[str, Tensor]) -> None:
    weights = dilated_resnet("resnet18", str(stored)).state_dict()
    assert weights.keys() == {name for name in state if not name.startswith("fc.")}
    assert all(torch.equal(value, state[name]) for name, value in weights.items())


@pytest.mark.parametrize(
    ("config", "first"),
    [
        (DeepLabV3Config(kind="deeplabv3", backbone="resnet18"), "encoder.0.0.weight"),
        (MtanConfig(kind="mtan", backbone="resnet18"), "stem.0.weight"),
    ],
)
def test_a_network_starts_from_the_file(
    config: DeepLabV3Config | MtanConfig, first: str, stored: Path, state: dict[str, Tensor]
) -> None:
    network = build_network(replace(config, pretrained=str(stored)), [Task.DEPTH], 5)
    assert torch.equal(network.get_parameter(first), state["conv1.weight"])


def test_the_classifier_and_missing_counters_do_not_matter(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    old = {
        name: value
        for name, value in state.items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }
    torch.save(old, tmp_path / "old.pth")
    weights = dilated_resnet("resnet18", str(tmp_path / "old.pth")).state_dict()
    assert torch.equal(weights["layer4.1.bn2.running_var"], state["layer4.1.bn2.running_var"])


def test_home_is_where_the_user_says(
    stored: Path, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(stored.parent))
    weights = read_weights("resnet18", "~/mine.pth")
    assert torch.equal(weights["conv1.weight"], state["conv1.weight"])


def deeplab(pretrained: str) -> DeepLabV3Config:
    return DeepLabV3Config(kind="deeplabv3", backbone="resnet18", pretrained=pretrained)


def test_a_fitting_file_passes_the_check(stored: Path) -> None:
    check_network(deeplab(str(stored)))
    check_network(MtanConfig(kind="mtan", backbone="resnet18", pretrained=str(stored)))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=re.escape(str(tmp_path / "absent.pth"))):
        check_network(deeplab(str(tmp_path / "absent.pth")))


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", None])
def test_a_file_that_is_no_weights(content: bytes | None, stored: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.pth"
    path.write_bytes(stored.read_bytes()[:100_000] if content is None else content)
    with pytest.raises(ConfigError, match="is not a file of weights, or is incomplete"):
        check_network(deeplab(str(path)))


@pytest.mark.parametrize("saved", [{"state_dict": {}, "epoch": 3}, [1, 2]])
def test_a_file_of_something_else(saved: object, tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "checkpoint.pth")
    with pytest.raises(ConfigError, match="Save the state dict alone"):
        check_network(deeplab(str(tmp_path / "checkpoint.pth")))


def test_weights_of_another_network(stored: Path) -> None:
    config = DeepLabV3Config(kind="deeplabv3", backbone="resnet34", pretrained=str(stored))
    with pytest.raises(ConfigError, match=r"resnet34 \(missing: layer1\.2\.conv1\.weight, "):
        check_network(config)


def test_every_fault_of_weights_is_told(state: dict[str, Tensor], tmp_path: Path) -> None:
    other = {name: value for name, value in state.items() if name != "conv1.weight"}
    other |= {"module.conv1.weight": state["conv1.weight"], "bn1.bias": torch.zeros(3)}
    torch.save(other, tmp_path / "other.pth")
    with pytest.raises(ConfigError) as refusal:
        check_network(deeplab(str(tmp_path / "other.pth")))
    assert (
        "(missing: conv1.weight; unknown: module.conv1.weight; of another shape: bn1.bias)"
        in str(refusal.value)
    )


def test_imagenet_comes_from_the_cache(
    cached: Path, stored: Path, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.hub.urlopen", offline)
    cached.parent.mkdir(parents=True)
    cached.write_bytes(stored.read_bytes())
    weights = read_weights("resnet18", "imagenet")
    assert torch.equal(weights["conv1.weight"], state["conv1.weight"])


def test_imagenet_without_cache_and_network(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.hub.urlopen", offline)
    with pytest.raises(UnavailableError) as refusal:
        check_network(deeplab("imagenet"))
    assert all(
        part in str(refusal.value)
        for part in (str(cached), URL, "no route to host", "network.pretrained: PATH")
    )
    assert not cached.exists()


def test_a_download_that_was_tampered_with_is_refused(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Altered(BytesIO):
        def info(self) -> Message:
            return Message()

    monkeypatch.setattr("torch.hub.urlopen", lambda _: Altered(b"other weights"))
    with pytest.raises(UnavailableError, match="invalid hash value"):
        check_network(deeplab("imagenet"))
    assert not cached.exists()


def test_a_download_is_kept(
    cached: Path, stored: Path, state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def download(url: str, path: str, digest: str, *, progress: bool) -> None:
        assert not progress
        asked.append((url, digest))
        Path(path).write_bytes(stored.read_bytes())

    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    for _ in range(2):
        weights = read_weights("resnet18", "imagenet")
        assert torch.equal(weights["conv1.weight"], state["conv1.weight"])
    assert asked == [(URL, "f37072fd")]
    assert cached.exists()
