"""What networks said of a few images, kept and read again."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mdml_tune.storage import samples as module
from mdml_tune.storage.samples import TYPES, Answers, Asked, Samples, read_samples, write_samples
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tasks import Task

ASKED = Asked(ours="t1", single={Task.SEGMENTATION: "t2", Task.DEPTH: "t3"}, count=2)


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return Storage.at(str(tmp_path)).study("small")


@pytest.fixture
def samples() -> Samples:
    chance = np.random.default_rng(0)

    def answers(task: Task, *shape: int) -> Answers:
        def pixels() -> np.ndarray:
            return (chance.random((2, *shape, 4, 6)) * 5).astype(TYPES[task])

        return Answers(
            target=pixels(),
            valid=chance.random((2, 4, 6)) < 0.5,
            single=pixels(),
            ours=pixels(),
            single_scores=(0.1, float("nan")),
            ours_scores=(0.3, 0.4),
        )

    return Samples(
        asked=ASKED,
        images=chance.integers(0, 255, (2, 3, 4, 6), dtype=np.uint8),
        answers={Task.SEGMENTATION: answers(Task.SEGMENTATION), Task.DEPTH: answers(Task.DEPTH, 1)},
        classes=5,
        inverse_depth=True,
    )


def test_what_is_read_is_what_was_written(folder: StudyFolder, samples: Samples) -> None:
    write_samples(folder, samples)
    found = read_samples(folder)
    assert found is not None
    assert found.asked == ASKED
    assert (found.classes, found.inverse_depth) == (5, True)
    np.testing.assert_array_equal(found.images, samples.images)
    assert list(found.answers) == [Task.SEGMENTATION, Task.DEPTH]
    for task, said in samples.answers.items():
        for name in ("target", "valid", "single", "ours"):
            read = getattr(found.answers[task], name)
            np.testing.assert_array_equal(read, getattr(said, name))
            assert read.dtype == getattr(said, name).dtype
        np.testing.assert_equal(found.answers[task].single_scores, said.single_scores)
        assert found.answers[task].ours_scores == said.ours_scores


def test_the_same_content_gives_the_same_bytes(folder: StudyFolder, samples: Samples) -> None:
    write_samples(folder, samples)
    (file,) = folder.path.iterdir()
    first = file.read_bytes()
    found = read_samples(folder)
    assert found is not None
    write_samples(folder, found)
    assert file.read_bytes() == first
    write_samples(folder, replace(samples, classes=6))
    assert file.read_bytes() != first


def test_nothing_there_is_none(folder: StudyFolder) -> None:
    assert read_samples(folder) is None


@pytest.mark.parametrize("keep", [0, 10, 400, -300, -1])
def test_a_torn_file_counts_as_none(folder: StudyFolder, samples: Samples, keep: int) -> None:
    write_samples(folder, samples)
    (file,) = folder.path.iterdir()
    file.write_bytes(file.read_bytes()[:keep])
    assert read_samples(folder) is None


def test_a_file_with_flipped_bits_counts_as_none(folder: StudyFolder, samples: Samples) -> None:
    write_samples(folder, samples)
    (file,) = folder.path.iterdir()
    content = bytearray(file.read_bytes())
    for place in range(200, 260):
        content[place] ^= 0xFF
    file.write_bytes(content)
    assert read_samples(folder) is None


def test_one_of_another_version_is_made_again(
    folder: StudyFolder, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "VERSION", 2)
    write_samples(folder, samples)
    monkeypatch.undo()
    assert read_samples(folder) is None


def test_others_can_read_its_header(folder: StudyFolder, samples: Samples) -> None:
    write_samples(folder, samples)
    (file,) = folder.path.iterdir()
    with np.load(file) as arrays:
        header = json.loads(str(arrays["header"]))
        assert arrays["depth/ours"].dtype == np.float32
    assert header["version"] == 1
    assert header["asked"]["single"] == {"segmentation": "t2", "depth": "t3"}


def test_who_is_asked_lies_where_trials_and_baselines_lie(folder: StudyFolder) -> None:
    places = ASKED.places(folder)
    assert list(places) == ["t1", "t2", "t3"]
    assert places["t1"].path == folder.path / "trials" / "t1"
    assert places["t3"].path == folder.storage.path / "baselines" / "t3"
