"""What a kept network says: pictures and arrays."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import run
from PIL import Image
from trained import of, trained_once

from mdml_tune.cli.predict import predict
from mdml_tune.cli.predicting.pictures import draw_prediction
from mdml_tune.config.load import load_trial
from mdml_tune.data.load import load_split
from mdml_tune.data.split import SplitName
from mdml_tune.tasks import METRICS, Task

pytestmark = pytest.mark.slow


@pytest.fixture
def keys(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    location, keys = trained_once(tmp_path_factory)
    shutil.copytree(location, tmp_path / "runs")
    return keys


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for name, size in (("b.png", (24, 32)), ("a.jpg", (16, 40)), ("a.png", (8, 8))):
        pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
    (folder / "notes.txt").write_text("")
    return folder


def load(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def test_a_split_as_pictures_and_arrays_that_score_as_the_trial_did(keys: dict[str, str]) -> None:
    code, said = run(predict, keys["confirm"], "--storage", "runs", "--split", "test", "--count", "1", "--save", "all.npz")  # fmt: skip
    assert code == 0, said
    assert said.split() == ["predictions/test-0000.png", "all.npz"]
    with Image.open("predictions/test-0000.png") as picture:
        assert min(picture.size) > 100
    arrays = load("all.npz")
    assert set(arrays) == {f"test/{task}/{what}" for task in ("segmentation", "depth") for what in ("prediction", "target", "valid")}  # fmt: skip
    assert arrays["test/depth/prediction"].shape == (2, 1, 16, 24)
    error = np.abs(arrays["test/depth/prediction"] - arrays["test/depth/target"]).mean()
    recorded = of(Path("runs")).trial(keys["confirm"]).record().test
    assert error == pytest.approx(recorded[METRICS[Task.DEPTH][0].path], rel=1e-5)


def test_without_arrays_only_the_pictures_are_predicted(keys: dict[str, str]) -> None:
    code, said = run(predict, f"runs/baselines/{keys['depth 0']}", "--out", "pics")
    assert code == 0, said
    assert said.split() == ["pics/val-0000.png", "pics/val-0001.png"]


def test_images_of_a_folder_each_in_its_own_size(keys: dict[str, str], images: Path) -> None:
    code, said = run(predict, keys["confirm"], "--storage", "runs", "--images", str(images), "--out", "pics", "--save", "all.npz")  # fmt: skip
    assert code == 0, said
    assert said.split() == ["pics/a-jpg.png", "pics/a-png.png", "pics/b.png", "all.npz"]
    arrays = load("all.npz")
    assert arrays["b/segmentation/prediction"].shape == (1, 24, 32)
    assert arrays["a-jpg/depth/prediction"].shape == (1, 1, 16, 40)
    assert not any("target" in name for name in arrays)


def test_an_image_that_does_not_fit_is_not_resized(keys: dict[str, str], images: Path) -> None:
    Image.new("RGB", (20, 30)).save(images / "odd.png")
    code, said = run(predict, keys["confirm"], "--storage", "runs", "--images", str(images))
    assert code == 2
    assert "odd.png is 30 x 20 pixels, and a unet needs multiples of 8" in said
    assert "to 24 x 16" in said


def test_pictures_never_take_the_place_of_images(keys: dict[str, str], images: Path) -> None:
    before = (images / "b.png").read_bytes()
    flags = ["--storage", "runs", "--images", str(images), "--out", "images"]
    code, said = run(predict, keys["confirm"], *flags)
    assert code == 2
    assert "take the place of the images" in said
    assert (images / "b.png").read_bytes() == before


def test_a_trial_without_checkpoint_names_those_that_have_one(keys: dict[str, str]) -> None:
    code, said = run(predict, keys["search"], "--storage", "runs")
    assert code == 3
    assert "No checkpoint was kept" in said
    assert f"{keys['confirm']} (confirm" in said
    assert keys["pruned"] not in said


def test_a_trial_at_work_is_left_in_peace(keys: dict[str, str]) -> None:
    of(Path("runs")).trial(keys["confirm"]).reopen()
    code, said = run(predict, keys["confirm"], "--storage", "runs")
    assert code == 3
    assert "has not ended" in said


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (["--split", "tets"], 2, "allowed are train, val, test"),
        (["--save", "a.csv"], 2, "ends in .npz"),
        (["--images", "nowhere"], 3, "no file there ends in .png"),
    ],
)
def test_bad_input(keys: dict[str, str], flags: list[str], code: int, said: str) -> None:
    got, told = run(predict, keys["confirm"], "--storage", "runs", *flags)
    assert got == code
    assert said in told
    assert not Path("predictions").exists()


def test_labels_stand_above_predictions() -> None:
    config = load_trial({"data": {"dataset": "rooms", "tasks": ["depth"], "val_size": 2, "image_size": [16, 24]}})  # fmt: skip
    examples = load_split(config.data, SplitName.VAL, None)
    said = {"depth/prediction": np.full((2, 1, 16, 24), 9.0, dtype=np.float32)}
    figure = draw_prediction(examples, said, 1, config.data.tasks, labelled=True)
    label, predicted = figure.axes[1], figure.axes[3]
    assert [figure.axes[i].get_ylabel() for i in (0, 2)] == ["label", "prediction"]
    np.testing.assert_array_equal(label.images[0].get_array(), examples.targets[Task.DEPTH][1, 0])
    assert (predicted.images[0].get_array() == 9).all()
    assert label.images[0].get_clim() == predicted.images[0].get_clim() == (0, 9)
    alone = draw_prediction(examples, said, 1, config.data.tasks, labelled=False)
    assert alone.axes[0].get_ylabel() == "prediction"
