import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(somewhere: Path) -> Path:
    folder = somewhere / "cityscapes"
    for split, count in (("train", 4), ("val", 2)):
        for number in range(count):
            chance = np.random.default_rng(number)
            for kind, array in (
                ("image", chance.integers(0, 256, (8, 16, 3), "u1")),
                ("label_7", chance.integers(-1, 7, (8, 16))),
                ("depth", chance.uniform(0, 0.5, (8, 16, 1))),
            ):
                path = folder / split / kind / f"{number}.npy"
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, array)
    return folder


def test_pack_then_use_the_packed_files_alone(mdml_tune: Call, root: Path, somewhere: Path) -> None:
    packed = somewhere / "packed"
    code, said, _ = mdml_tune(
        "data", "pack", "cityscapes", "--data-root", str(root), "--out", "packed"
    )
    assert code == 0
    assert [line.split()[:3] for line in said.splitlines()] == [
        ["train", "4", "images"], ["test", "2", "images"]
    ]  # fmt: skip
    assert sorted(path.name for path in packed.glob("*.pack")) == ["test.pack", "train.pack"]
    assert not list(root.rglob("*.pack"))
    code, said, _ = mdml_tune("data", "verify", "cityscapes", "--data-root", "packed")
    assert code == 0
    assert "train      4 images, labelled pixels: segmentation" in said
    assert said.endswith("Nothing is wrong.\n")
    picture = "samples.png"
    arguments = ("--count", "9", "--split", "val", "--out", picture)
    assert mdml_tune("data", "show", "cityscapes", "--data-root", "packed", *arguments)[0] == 0
    assert (somewhere / picture).read_bytes().startswith(b"\x89PNG")


def test_pack_beside_the_source(mdml_tune: Call, root: Path) -> None:
    for _ in range(2):
        code, said, _ = mdml_tune("data", "pack", "cityscapes", "--data-root", str(root))
        assert code == 0
        assert str(root / "packed/7/train.pack") in said


def test_verify_lists_every_problem(mdml_tune: Call, root: Path) -> None:
    for number in (1, 3):
        (root / f"train/depth/{number}.npy").write_bytes(b"")
    code, said, errors = mdml_tune("data", "verify", "cityscapes", "--data-root", str(root))
    assert code == 2
    assert errors.startswith(f"error: Problems in {root}: 2.\n")
    assert all(f"train/depth/{number}.npy cannot be read" in errors for number in (1, 3))
    assert "Nothing is wrong" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("verify", "cityscapes", "--data-root", "gone"), 3, "gone does not exist"),
        (("pack", "cityscapes", "--data-root", "."), 0, ""),
        (("pack", "nyuv2", "--data-root", "cityscapes"), 3, "train/image"),
        (("pack", "folder", "--data-root", "."), 3, "holds no dataset.yaml"),
        (("verify", "rooms", "--data-root", "."), 2, "allowed are nyuv2, cityscapes, folder"),
        (
            ("verify", "cityscapes", "--data-root", ".", "--classes", "8"),
            2,
            "classes: found 8, allowed: 7, 19",
        ),
        (("verify", "cityscapes"), 2, "Missing option '--data-root'"),
    ],
)
def test_usage(
    mdml_tune: Call, root: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    if "nyuv2" in arguments:
        (root / "train/image").rename(root / "train/else")
    found, _, errors = mdml_tune("data", *arguments)
    assert (found, said in errors) == (code, True), errors


def test_show_draws_the_built_in_scenes(mdml_tune: Call, somewhere: Path) -> None:
    size = ("--height", "16", "--width", "24", "--count", "1", "--out", "scenes.svg")
    assert mdml_tune("data", "show", *size)[0] == 0
    assert (somewhere / "scenes.svg").exists()
    assert mdml_tune("data", "show", "--out", "scenes.doc")[0] == 2
    assert mdml_tune("data", "show", "--split", "all")[0] == 2


@pytest.mark.slow
def test_an_interrupted_pack_leaves_nothing_half(root: Path, somewhere: Path) -> None:
    for number in range(4, 3000):
        for kind in ("image", "label_7", "depth"):
            os.link(root / f"train/{kind}/0.npy", root / f"train/{kind}/{number}.npy")
    arguments = ("data", "pack", "cityscapes", "--data-root", str(root), "--out", "packed")
    child = subprocess.Popen([sys.executable, "-m", "mdml_tune", *arguments], cwd=somewhere)
    while not list((somewhere / "packed").glob(".train.pack.*.tmp")):
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == 130
    assert not (somewhere / "packed").exists()
