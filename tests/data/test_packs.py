import dataclasses
import errno
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from mdml_tune.config.data import NyuV2Data
from mdml_tune.data import pack_write, packs
from mdml_tune.data.load import check_data, data_digest, load_split
from mdml_tune.data.pack import open_pack, require_intact
from mdml_tune.data.pack_header import FORMAT, Header, read_header, to_bytes
from mdml_tune.data.packs import open_packs
from mdml_tune.data.source import OfficialSplit
from mdml_tune.data.split import SplitName
from mdml_tune.errors import DataError, UnavailableError
from mdml_tune.tasks import Task

TASKS = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
CONFIG = NyuV2Data(dataset="nyuv2", tasks=TASKS)
Make = Callable[..., Path]


@pytest.fixture
def root(make_npy: Make, tmp_path: Path) -> Path:
    return make_npy(tmp_path / "root")


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below ``folder`` that is not hidden."""
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_size)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def rewrite(path: Path, header: Header) -> None:
    """The same packed file with another header of the same length."""
    with path.open("r+b") as file:
        _, begin = read_header(file, path)
        file.seek(0)
        file.write(to_bytes(header, begin))


def test_files_are_packed_once(root: Path) -> None:
    check_data(CONFIG, root)
    before = state(root / "packed")
    assert sorted(before) == ["test.pack", "train.pack"]
    check_data(CONFIG, root)
    load_split(CONFIG, SplitName.VAL, root)
    data_digest(CONFIG, root)
    assert state(root / "packed") == before


def test_what_is_packed_is_what_is_told(root: Path) -> None:
    header = open_packs(CONFIG, root)[OfficialSplit.TRAIN].header
    assert (header.count, header.size, header.tasks) == (5, (8, 16), TASKS)
    depths = np.stack([np.load(root / f"train/depth/{k}.npy") for k in range(5)])
    assert header.labelled[Task.DEPTH] == pytest.approx((depths > 0).mean(), abs=1e-5)
    arrays = header.arrays
    assert {name: place.dtype for name, place in arrays.items() if "valid" not in name} == {
        "images": "<f4",
        "segmentation/target": "|u1",
        "depth/target": "<f4",
        "normals/target": "<f4",
    }
    assert all(place.offset % 4096 == 0 for place in arrays.values())


@pytest.mark.parametrize("path", ["train/image/0.npy", "val/depth/1.npy"])
def test_a_file_that_changed_is_packed_again(root: Path, path: str) -> None:
    digest = data_digest(CONFIG, root)
    stored = np.load(root / path)
    np.save(root / path, stored[:, ::-1])
    assert data_digest(CONFIG, root) != digest
    np.save(root / path, stored)
    assert data_digest(CONFIG, root) == digest


def test_images_that_are_added_count(root: Path) -> None:
    assert len(load_split(CONFIG, SplitName.TEST, root)) == 2
    for kind in ("image", "label", "depth", "normal"):
        shutil.copy(root / f"val/{kind}/0.npy", root / f"val/{kind}/2.npy")
    assert len(load_split(CONFIG, SplitName.TEST, root)) == 3


def test_the_digest_is_the_same_wherever_and_however_the_data_lie(
    root: Path, tmp_path: Path, make_npy: Make
) -> None:
    digest = data_digest(CONFIG, root)
    elsewhere = make_npy(tmp_path / "elsewhere/nyuv2")
    assert data_digest(CONFIG, elsewhere.parent) == digest
    for path in elsewhere.rglob("depth/*.npy"):
        np.save(path, np.load(path).astype("f8"))  # the same numbers
    assert data_digest(CONFIG, elsewhere) == digest
    for alone in (tmp_path / "alone", tmp_path / "below/packed"):
        shutil.copytree(root / "packed", alone)
    assert data_digest(CONFIG, tmp_path / "alone") == digest
    assert data_digest(CONFIG, tmp_path / "below") == digest
    assert data_digest(dataclasses.replace(CONFIG, val_fraction=0.5), root) != digest


def test_packed_files_can_be_all_there_is(root: Path, tmp_path: Path) -> None:
    splits = [load_split(CONFIG, split, root) for split in SplitName]
    expected = [split.batch(torch.arange(len(split))) for split in splits]
    (root / "packed").rename(tmp_path / "alone")
    shutil.rmtree(root)
    check_data(CONFIG, tmp_path / "alone")
    for name, there in zip(SplitName, expected, strict=True):
        split = load_split(CONFIG, name, tmp_path / "alone")
        found = split.batch(torch.arange(len(split)))
        assert torch.equal(found.images, there.images)
        assert all(torch.equal(found.targets[task], there.targets[task]) for task in TASKS)
        assert all(torch.equal(found.valid[task], there.valid[task]) for task in TASKS)


def test_packed_files_of_something_else(root: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    paths = {s: p.path for s, p in open_packs(CONFIG, root).items()}
    header = open_pack(paths[OfficialSplit.TEST]).header
    changes = {
        "of 3 classes|with 3 classes": dataclasses.replace(header, class_names=("a", "b", "c")),
        "holds the packed data set 'rooms'": dataclasses.replace(header, dataset="rooms"),
        "packed from different sources": dataclasses.replace(header, source="0" * 64),
    }
    for message, changed in changes.items():
        shutil.rmtree(alone, ignore_errors=True)
        shutil.copytree(root / "packed", alone)
        rewrite(alone / "test.pack", changed)
        with pytest.raises(DataError, match=message):
            check_data(CONFIG, alone)
    (alone / "test.pack").unlink()
    with pytest.raises(DataError, match=r"holds no test\.pack"):
        check_data(CONFIG, alone)


def test_another_format_is_packed_again_or_refused(root: Path, tmp_path: Path) -> None:
    pack = open_packs(CONFIG, root)[OfficialSplit.TEST]
    digest = data_digest(CONFIG, root)
    rewrite(pack.path, dataclasses.replace(pack.header, format=FORMAT + 1))
    shutil.copytree(root / "packed", tmp_path / "alone")
    with pytest.raises(
        DataError, match=f"format {FORMAT + 1}, and this version reads format {FORMAT}"
    ):
        check_data(CONFIG, tmp_path / "alone")
    assert data_digest(CONFIG, root) == digest
    assert open_pack(pack.path).header.format == FORMAT


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_a_damaged_packed_file_is_named(root: Path) -> None:
    pack = open_packs(CONFIG, root)[OfficialSplit.TRAIN]
    whole = pack.path.read_bytes()
    for damage, message in (
        (lambda: flip(pack.path, 60), "its header does not match its checksum"),
        (lambda: flip(pack.path, 2), "is not a packed data set"),
        (lambda: pack.path.write_bytes(whole[:-1]), f"{len(whole) - 1:,} bytes.* {len(whole):,}"),
        (lambda: pack.path.write_bytes(whole[:20]), "is not a packed data set"),
        (lambda: pack.path.write_bytes(b""), "is not a packed data set"),
    ):
        damage()
        for call in (check_data, data_digest, lambda c, r: load_split(c, SplitName.TRAIN, r)):
            with pytest.raises(DataError, match=message) as caught:
                call(CONFIG, root)
            assert str(pack.path) in str(caught.value)
        pack.path.write_bytes(whole)


@pytest.mark.parametrize("name", ["images", "depth/target", "segmentation/valid"])
def test_check_data_finds_a_flipped_bit(root: Path, name: str) -> None:
    check_data(CONFIG, root)
    pack = open_packs(CONFIG, root)[OfficialSplit.TEST]
    place = pack.header.arrays[name]
    flip(pack.path, pack.begin + place.offset + place.nbytes // 2)
    with pytest.raises(DataError, match=rf"test\.pack is damaged: {name} differ"):
        check_data(CONFIG, root)
    with pytest.raises(DataError, match=name):
        require_intact(pack)


def test_checksums_are_compared_once(root: Path) -> None:
    asked: list[str] = []

    def listen(what: str, _done: int, _of: int) -> None:
        asked.append(what)

    check_data(CONFIG, root, listen)
    assert {"packing train", "packing test", "checking train"} <= set(asked)
    asked.clear()
    check_data(CONFIG, root, listen)
    assert asked == []
    os.utime(root / "packed/test.pack")
    check_data(CONFIG, root, listen)
    assert set(asked) == {"checking test"}


def test_an_interrupted_packing_leaves_nothing(root: Path) -> None:
    def interrupt(what: str, done: int, _of: int) -> None:
        if what == "packing test" and done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_data(CONFIG, root, interrupt)
    names = {path.name for path in (root / "packed").iterdir()}
    assert names - {".packing", "..packing.guard"} == {"train.pack", ".train.pack.verified"}
    train = state(root / "packed")["train.pack"]
    check_data(CONFIG, root)
    assert state(root / "packed")["train.pack"] == train


def test_what_a_killed_packing_left_is_cleared_away(root: Path) -> None:
    left = root / "packed/.train.pack.1.abc.tmp"
    left.parent.mkdir()
    left.write_bytes(b"half")
    check_data(CONFIG, root)
    assert not left.exists()


def test_there_must_be_room(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(root)._replace(free=1000)
    monkeypatch.setattr(pack_write.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UnavailableError, match=r"0\.0 GB free, and the packed data need"):
        check_data(CONFIG, root)
    assert state(root / "packed") == {}


def test_many_at_once_pack_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def write(path: Path, *rest: object) -> list[str]:
        written.append(path.name)
        return pack_write.write_pack(path, *rest)

    monkeypatch.setattr(packs, "write_pack", write)
    with ThreadPoolExecutor(4) as pool:
        digests = set(pool.map(lambda _: data_digest(CONFIG, root), range(4)))
    assert len(digests) == 1
    assert sorted(written) == ["test.pack", "train.pack"]


@pytest.mark.slow
def test_two_processes_pack_once(root: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from mdml_tune.config.data import NyuV2Data
from mdml_tune.data.load import data_digest
from mdml_tune.tasks import Task
root, mine = Path(sys.argv[1]), Path(sys.argv[2])
mine.touch()
while len(list(mine.parent.glob("ready*"))) < 2:
    time.sleep(0.001)
digest = data_digest(NyuV2Data(dataset="nyuv2", tasks=(Task.DEPTH,)), root)
print(digest, *(path.stat().st_ino for path in sorted((root / "packed").glob("*.pack"))))
"""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(root), str(root / f"ready{number}")],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    said = [child.communicate(timeout=300)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert said[0] == said[1]
    assert said[0].split()[0] == data_digest(CONFIG, root)


@pytest.fixture
def read_only(make_npy: Make) -> Iterator[Path]:
    """A root that this process cannot write to, not even as root."""
    folder = Path(tempfile.mkdtemp())
    make_npy(folder / "root")
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder / "root"
    os.seteuid(user)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777)
    shutil.rmtree(folder)


def test_a_root_that_cannot_be_written(read_only: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Path(tempfile.mkdtemp())
    monkeypatch.setenv("MDML_CACHE", str(cache))
    check_data(CONFIG, read_only)
    packed = sorted(cache.rglob("*.pack"))
    assert [path.name for path in packed] == ["test.pack", "train.pack"]
    before = state(cache)
    assert len(load_split(CONFIG, SplitName.TRAIN, read_only)) == 4
    assert state(cache) == before
    monkeypatch.delenv("MDML_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "xdg"))
    check_data(CONFIG, read_only)
    assert len(list((cache / "xdg/mdml_tune").rglob("*.pack"))) == 2
    shutil.rmtree(cache)


def test_images_without_labels_are_told(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    np.save(root / "train/depth/3.npy", np.zeros((8, 16, 1)))
    with caplog.at_level(logging.WARNING):
        check_data(CONFIG, root)
    assert "1 of 5 images of train have no labelled pixel for depth" in caplog.text
    assert "train/image/3.npy" in caplog.text


def test_a_disk_without_links(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # exFAT and some network drives: a lock, which is a link, cannot be made there.
    real = os.link

    def link(source: Path | str, target: Path | str) -> None:
        if str(target).startswith(str(root)):
            raise PermissionError(errno.EPERM, "Operation not permitted", str(target))
        real(source, target)

    monkeypatch.setattr(os, "link", link)
    monkeypatch.setenv("MDML_CACHE", str(tmp_path / "cache"))
    check_data(CONFIG, root)
    assert len(list((tmp_path / "cache").rglob("*.pack"))) == 2
    assert list((root / "packed").iterdir()) == []
