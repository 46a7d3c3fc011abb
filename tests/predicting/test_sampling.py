"""Asking the networks of a study that has really been trained."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from trained import of, trained_once

from mdml_tune.config.data import FolderData
from mdml_tune.config.load import load_trial
from mdml_tune.data.load import load_split
from mdml_tune.data.split import SplitName
from mdml_tune.errors import UnavailableError
from mdml_tune.predicting import sampling
from mdml_tune.predicting.sampling import keep_samples, make_samples
from mdml_tune.storage.samples import TYPES, Asked, NotMade, Samples, read_samples
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tasks import Task

pytestmark = pytest.mark.slow


@pytest.fixture
def keys(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    location, keys = trained_once(tmp_path_factory)
    shutil.copytree(location, tmp_path / "runs")
    return keys


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return of(tmp_path / "runs")


@pytest.fixture
def asked(keys: dict[str, str]) -> Asked:
    single = {task: keys[f"{task} 0"] for task in (Task.SEGMENTATION, Task.DEPTH)}
    return Asked(ours=keys["confirm"], single=single)


def test_each_network_says_what_it_was_scored_for(folder: StudyFolder, asked: Asked) -> None:
    found = make_samples(folder, asked, None)
    depth = found.answers[Task.DEPTH]
    assert depth.valid.all()
    for said, scores, place in (
        (depth.ours, depth.ours_scores, folder.trial(asked.ours)),
        (depth.single, depth.single_scores, folder.storage.baseline(asked.single[Task.DEPTH])),
    ):
        assert said.shape == (2, 1, 16, 24)  # no more images than there are
        errors = np.abs(said - depth.target).mean(axis=(1, 2, 3))
        assert scores == pytest.approx(errors.tolist(), rel=1e-5)
        recorded = place.record().test["depth/abs_err"]
        assert np.mean(scores) == pytest.approx(recorded, rel=1e-5)  # all pixels have labels


def test_images_and_labels_are_the_first_of_test(folder: StudyFolder, asked: Asked) -> None:
    found = make_samples(folder, replace(asked, count=1), None)
    config = load_trial(folder.trial(asked.ours).record().config)
    examples = load_split(config.data, SplitName.TEST, None)
    assert len(found.images) == 1
    np.testing.assert_allclose(found.images / 255, examples.images[:1], atol=0.5 / 255)
    labels = found.answers[Task.SEGMENTATION].target
    np.testing.assert_array_equal(labels, examples.targets[Task.SEGMENTATION][:1])
    assert found.classes == examples.classes


def test_what_is_kept_is_what_was_said(folder: StudyFolder, asked: Asked) -> None:
    said = keep_samples(folder, asked, None)
    kept = read_samples(folder)
    assert isinstance(said, Samples)
    assert kept is not None
    assert kept.asked == said.asked == asked
    for task in asked.single:
        np.testing.assert_array_equal(kept.answers[task].ours, said.answers[task].ours)
        assert said.answers[task].ours.dtype == said.answers[task].single.dtype == TYPES[task]
        assert kept.answers[task].ours_scores == said.answers[task].ours_scores
    first = (folder.path / "samples.npz").read_bytes()
    keep_samples(folder, asked, None)
    assert (folder.path / "samples.npz").read_bytes() == first


def test_large_images_are_thinned_but_scored_whole(
    folder: StudyFolder, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_samples(folder, asked, None)
    monkeypatch.setattr(sampling, "LONGEST", 10)
    thin = make_samples(folder, asked, None)
    assert thin.images.shape == (2, 3, 6, 8)
    said = thin.answers[Task.DEPTH]
    np.testing.assert_array_equal(said.ours, whole.answers[Task.DEPTH].ours[..., ::3, ::3])
    np.testing.assert_array_equal(said.valid, whole.answers[Task.DEPTH].valid[..., ::3, ::3])
    assert said.ours_scores == whole.answers[Task.DEPTH].ours_scores


def test_without_a_checkpoint_there_is_a_reason(folder: StudyFolder, asked: Asked) -> None:
    shutil.rmtree(folder.trial(asked.ours).checkpoints)
    with pytest.raises(UnavailableError):
        make_samples(folder, asked, None)
    found = keep_samples(folder, asked, None)
    assert isinstance(found, NotMade)
    assert "No whole checkpoint" in found.reason
    assert "\n" not in found.reason
    assert read_samples(folder) is None


def test_data_that_are_not_there_are_a_reason(
    folder: StudyFolder, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_trial(folder.trial(asked.ours).record().config)
    elsewhere = replace(config, data=FolderData(dataset="folder", tasks=config.data.tasks))
    monkeypatch.setattr(sampling, "load_trial", lambda _: elsewhere)
    found = keep_samples(folder, asked, tmp_path / "nowhere")
    assert isinstance(found, NotMade)
    assert "nowhere" in found.reason


def test_whatever_a_network_raises_is_a_reason(
    folder: StudyFolder, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("CUDA out of memory\nand more")

    monkeypatch.setattr(sampling, "predict", fail)
    assert keep_samples(folder, asked, None) == NotMade("RuntimeError: CUDA out of memory")


def test_a_full_disk_is_a_reason(
    folder: StudyFolder, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sampling, "write_samples", full)
    found = keep_samples(folder, asked, None)
    assert found == NotMade("OSError: [Errno 28] No space left on device")


def test_an_interruption_is_one(
    folder: StudyFolder, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sampling, "predict", interrupt)
    with pytest.raises(KeyboardInterrupt):
        keep_samples(folder, asked, None)
    assert not (folder.path / "samples.npz").exists()
