"""Checkpoints survive what disks and kills do to them."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.training.checkpoint import (
    State,
    copy_checkpoint,
    drop_checkpoints,
    load_checkpoint,
    newest_epoch,
    save_checkpoint,
)


def state(epoch: int) -> State:
    return {"epoch": epoch, "weights": torch.full((300,), float(epoch)), "of": [{"lr": 0.1}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Checkpoints of the epochs 3 and 5."""
    for epoch in (3, 5):
        save_checkpoint(tmp_path / "checkpoints", epoch, state(epoch))
    return tmp_path / "checkpoints"


def loaded_epoch(folder: Path) -> int | None:
    """Epoch of what is loaded, after a look at all of it."""
    saved = load_checkpoint(folder)
    if saved is None:
        return None
    epoch, content = saved
    assert content["epoch"] == epoch
    assert torch.equal(content["weights"], torch.full((300,), float(epoch)))
    assert content["of"] == [{"lr": 0.1}]
    return epoch


def test_the_newest_is_loaded(folder: Path) -> None:
    assert loaded_epoch(folder) == 5
    assert read_json(folder / "LATEST")["epoch"] == 5


def test_nothing_saved_is_nothing_loaded(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "never") is None
    assert not (tmp_path / "never").exists()


def test_the_last_two_are_kept(folder: Path) -> None:
    save_checkpoint(folder, 10, state(10))
    assert {path.name for path in folder.iterdir()} == {"00005", "00010", "LATEST"}


@pytest.mark.parametrize(("kept", "left"), [(1, [7]), (3, [3, 5, 7]), (None, [3, 5, 7])])
def test_as_many_are_kept_as_asked_for(folder: Path, kept: int | None, left: list[int]) -> None:
    save_checkpoint(folder, 7, state(7), kept=kept)
    assert sorted(int(path.name) for path in folder.glob("0*")) == left


def test_a_copy_is_the_same_bit_for_bit_and_as_good(folder: Path, tmp_path: Path) -> None:
    copy_checkpoint(folder, 3, tmp_path / "copy")
    assert loaded_epoch(tmp_path / "copy") == 3
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"00003", "LATEST"}
    for name in ("state.pt", "manifest.json"):
        copied = tmp_path / "copy" / "00003" / name
        assert copied.read_bytes() == (folder / "00003" / name).read_bytes()
    assert read_json(tmp_path / "copy" / "LATEST")["epoch"] == 3
    assert loaded_epoch(folder) == 5


def test_what_was_never_saved_cannot_be_copied(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="No whole checkpoint of epoch 4"):
        copy_checkpoint(folder, 4, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_the_newest_epoch_is_that_of_a_committed_one(folder: Path, tmp_path: Path) -> None:
    assert newest_epoch(tmp_path / "never") is None
    shutil.copytree(folder / "00005", folder / "tmp-4711-7")
    assert newest_epoch(folder) == 5


def test_epochs_are_ordered_as_numbers(folder: Path) -> None:
    save_checkpoint(folder, 99_999, state(99_999))
    save_checkpoint(folder, 100_000, state(100_000))
    assert loaded_epoch(folder) == 100_000


def test_an_epoch_saved_again_replaces_the_first(folder: Path) -> None:
    save_checkpoint(folder, 5, {"epoch": 5, "redone": True})
    assert load_checkpoint(folder) == (5, {"epoch": 5, "redone": True})


def cut(length: Callable[[int], int]) -> Callable[[Path], None]:
    def damage(checkpoint: Path) -> None:
        content = (checkpoint / "state.pt").read_bytes()
        (checkpoint / "state.pt").write_bytes(content[: length(len(content))])

    return damage


def flip_a_bit(where: Callable[[int], int]) -> Callable[[Path], None]:
    def damage(checkpoint: Path) -> None:
        content = bytearray((checkpoint / "state.pt").read_bytes())
        content[where(len(content))] ^= 1
        (checkpoint / "state.pt").write_bytes(content)

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut to nothing": cut(lambda _: 0),
    "cut in the middle": cut(lambda size: size // 2),
    "cut before the end": cut(lambda size: size - 10),
    "a bit near the start": flip_a_bit(lambda size: size // 10),
    "a bit in the middle": flip_a_bit(lambda size: size // 2),
    "a bit at the end": flip_a_bit(lambda size: size - 1),
    "no state": lambda checkpoint: (checkpoint / "state.pt").unlink(),
    "no manifest": lambda checkpoint: (checkpoint / "manifest.json").unlink(),
    "half a manifest": lambda checkpoint: (checkpoint / "manifest.json").write_text('{"sch'),
    "an empty manifest": lambda checkpoint: (checkpoint / "manifest.json").write_text(""),
    "binary manifest": lambda checkpoint: (checkpoint / "manifest.json").write_bytes(b"\xff\0"),
    "another manifest": lambda checkpoint: (checkpoint / "manifest.json").write_text("[1]"),
    "empty folder": lambda checkpoint: [path.unlink() for path in checkpoint.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_one_is_noticed_and_the_one_before_it_taken(
    folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(folder / "00005")
    assert loaded_epoch(folder) == 3
    assert "00005 is damaged" in caplog.text
    # Set aside for whoever wants to know, and no longer in the way of the epoch's next attempt.
    assert not (folder / "00005").exists()
    assert len(list((folder / "corrupt").glob("00005-*"))) == 1
    save_checkpoint(folder, 5, state(5))
    assert loaded_epoch(folder) == 5


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_when_all_are_damaged_nothing_is_loaded(
    folder: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder / "00003")
    damage(folder / "00005")
    assert load_checkpoint(folder) is None


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_one_is_not_copied(
    folder: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(folder / "00003")
    with pytest.raises(FileNotFoundError, match="No whole checkpoint of epoch 3"):
        copy_checkpoint(folder, 3, tmp_path / "copy")


def test_a_draft_left_by_a_kill_is_not_a_checkpoint(folder: Path) -> None:
    shutil.copytree(folder / "00005", folder / "tmp-4711-7")
    assert loaded_epoch(folder) == 5
    save_checkpoint(folder, 7, state(7))
    assert loaded_epoch(folder) == 7


@pytest.mark.parametrize("function", ["rename", "replace"])
def test_a_kill_while_saving_leaves_what_was_there(
    folder: Path, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr(Path, function, killed)
        save_checkpoint(folder, 8, state(8))
    assert loaded_epoch(folder) == 5
    assert read_json(folder / "LATEST")["epoch"] == 5
    save_checkpoint(folder, 8, state(8))
    assert loaded_epoch(folder) == 8


def test_what_latest_promises_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Killed after the checkpoint, before LATEST: it promises less than there is, never more.
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patch.setattr("mdml_tune.training.checkpoint.write_json", _only_manifests(killed))
        save_checkpoint(folder, 8, state(8))
    assert read_json(folder / "LATEST")["epoch"] == 5
    assert loaded_epoch(folder) == 8


def _only_manifests(killed: Callable[..., None]) -> Callable[[Path, dict[str, object]], None]:
    return lambda path, values: (killed if path.name == "LATEST" else write_json)(path, values)


class Bomb:
    """Pickled code: loading it would make a folder."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.mkdir, (self.victim,))


def test_no_code_in_a_checkpoint_is_run(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    torch.save({"epoch": 5, "weights": Bomb(victim)}, folder / "00005" / "state.pt")
    content = (folder / "00005" / "state.pt").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    manifest = {"epoch": 5, "size": len(content), "sha256": digest}
    write_json(folder / "00005" / "manifest.json", manifest)
    found = load_checkpoint(folder)
    assert not victim.exists()
    assert found is not None
    assert found[0] != 5  # the one before it is taken instead


def test_dropped_is_gone(folder: Path) -> None:
    drop_checkpoints(folder)
    assert not folder.exists()
    drop_checkpoints(folder)
    assert load_checkpoint(folder) is None
