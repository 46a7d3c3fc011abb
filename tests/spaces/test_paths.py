"""Paths in a study mean the same on every worker."""

from pathlib import Path

import pytest

from mdml_tune.spaces.paths import absolute_paths


@pytest.mark.parametrize("word", ["imagenet", None, 3])
def test_what_is_no_path_stays(word: object) -> None:
    values = {"trial": {"network": {"kind": "mtan", "pretrained": word}}}
    assert absolute_paths(values) == values


def test_paths_are_taken_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = {"kind": "deeplabv3", "pretrained": "weights.pt"}
    searched = {"pretrained": {"choice": ["a.pt", "imagenet", None]}}
    values = {"trial": {"network": network, "mutual": {"peers": [network, searched]}}}
    made = absolute_paths(values)["trial"]
    there = {"kind": "deeplabv3", "pretrained": str(tmp_path / "weights.pt")}
    chosen = {"pretrained": {"choice": [str(tmp_path / "a.pt"), "imagenet", None]}}
    assert made == {"network": there, "mutual": {"peers": [there, chosen]}}
    assert network["pretrained"] == "weights.pt"


def test_a_path_to_start_with_is_the_same_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    values = {"search": {"start_with": [{"network.pretrained": "a.pt", "network.width": 8}]}}
    made = {"network.pretrained": str(tmp_path / "a.pt"), "network.width": 8}
    assert absolute_paths(values) == {"search": {"start_with": [made]}}
