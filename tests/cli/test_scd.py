"""How tasks are related, and what a distilled network says, as a user finds out."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Call = Callable[..., tuple[int, str, str]]

STUDY = """\
study: five
trial:
  data: {dataset: rooms, tasks: [segmentation, depth, normals, edges, albedo], train_size: 6,
         val_size: 3, test_size: 5, image_size: [16, 24], augmentation: flip_and_scale}
  network: {kind: unet, width: 4}
  training: {epochs: 5, batch_size: 2}
  mutual: {weight: 0.3}
  scd: {grouping_threshold: 0.4, stage_epochs: 1, distil: features, weight: 0.05}
baseline: {seeds: 2}
"""


@pytest.fixture(autouse=True)
def study(somewhere: Path) -> None:
    (somewhere / "five.yaml").write_text(STUDY)


def test_distillation_needs_its_baselines(mdml_tune: Call) -> None:
    code, _, errors = mdml_tune("train", "five.yaml", "--out", "out")
    assert code == 3
    assert "scd learns from 10 baselines" in errors
    assert "mdml-tune baselines SPACE" in errors


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--similarity", "cka"], "--similarity cka: allowed are linear_cka"),
        (["--linkage", "complete"], "--linkage complete: allowed are average, single"),
    ],
)
def test_a_misspelt_measure_is_refused(mdml_tune: Call, flags: list[str], said: str) -> None:
    code, _, errors = mdml_tune("scd", "five.yaml", *flags)
    assert code == 2
    assert said in errors


def test_a_method_by_name_is_one_configuration(mdml_tune: Call, somewhere: Path) -> None:
    methods = "methods: {alone: {mutual: null, scd: null}, both: {}}\n"
    (somewhere / "two.yaml").write_text(STUDY + methods)
    code, _, errors = mdml_tune("train", "two.yaml", "--out", "out")
    assert code == 2
    assert "leaves method open" in errors
    code, _, errors = mdml_tune("train", "two.yaml", "--set", "method=alone", "--out", "out")
    assert code == 0, errors


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore:.*Tip. In future versions of Ray:FutureWarning",
)  # fmt: skip
def test_from_the_similarity_of_tasks_to_predictions(mdml_tune: Call, somewhere: Path) -> None:
    code, said, errors = mdml_tune("scd", "five.yaml")
    assert code == 0, errors
    assert "Similarity of tasks (linear_cka, mean of 2 seeds)" in said
    assert "Dendrogram (average linkage)" in said
    assert "Kendall's tau" in said
    table = said.split("chooses between")[1].split("Complexity")[0]
    intervals = [line for line in table.splitlines() if " to " in line]
    assert 1 <= len(intervals) <= 5  # five tasks have at most five partitions
    assert intervals[0].startswith("0.000 to ")
    assert " to 1.000 " in intervals[-1]

    # The other measures need no new single-task networks.
    code, said, _ = mdml_tune("scd", "five.yaml", "--similarity", "gradient_cosine", "--linkage", "single")  # fmt: skip
    assert code == 0
    assert "Similarity of tasks (gradient_cosine" in said
    assert "-1.000 to " in said

    code, said, errors = mdml_tune(
        "train", "five.yaml", "--out", "out", "--save-predictions", "said.npz"
    )
    assert code == 0, errors
    check_predictions(somewhere)
    # What the trial was is written down with the queue that was found.
    assert "queue:" in (somewhere / "out/trial.yaml").read_text()


def check_predictions(somewhere: Path) -> None:
    """The scores, computed again from the arrays by other means."""
    metrics = json.loads((somewhere / "out/metrics.json").read_text())
    arrays = np.load(somewhere / "said.npz")
    for split, images in (("val", 3), ("test", 5)):
        again = recomputed(
            {k.removeprefix(f"{split}/"): arrays[k] for k in arrays if k.startswith(split)}
        )
        assert len(again) == 13
        for name, value in again.items():
            assert metrics[f"{split}/{name}"] == pytest.approx(value, rel=1e-6), name
        assert len(arrays[f"{split}/depth/prediction"]) == images


def recomputed(of: dict[str, np.ndarray]) -> dict[str, float]:
    scores: dict[str, float] = {}
    ok = of["segmentation/valid"]
    said, true = (of[f"segmentation/{x}"][ok].astype(int) for x in ("prediction", "target"))
    counts = np.zeros((9, 9))
    np.add.at(counts, (true, said), 1)
    union = counts.sum(0) + counts.sum(1) - np.diag(counts)
    scores["segmentation/miou"] = float(np.mean(np.diag(counts)[union > 0] / union[union > 0]))
    scores["segmentation/pix_acc"] = float((said == true).mean())

    ok = of["depth/valid"]
    said, true = (of[f"depth/{x}"][:, 0][ok].astype(float) for x in ("prediction", "target"))
    scores["depth/abs_err"] = float(np.abs(said - true).mean())
    scores["depth/rel_err"] = float((np.abs(said - true) / true).mean())

    ok = of["normals/valid"]
    said, true = (
        np.moveaxis(of[f"normals/{x}"], 1, -1)[ok].astype(float) for x in ("prediction", "target")
    )
    cosine = (said * true).sum(-1) / np.linalg.norm(said, axis=-1) / np.linalg.norm(true, axis=-1)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    scores["normals/mean_angle"] = float(angle.mean())
    scores["normals/median_angle"] = float(np.median(angle))
    for limit in (11.25, 22.5, 30):
        scores[f"normals/within_{limit:g}"] = float((angle < limit).mean())

    ok = of["edges/valid"]
    said, true = (of[f"edges/{x}"][:, 0][ok].astype(float) for x in ("prediction", "target"))
    found, there = said > 0.5, true > 0.5
    scores["edges/f1"] = 2 * (found & there).sum() / (found.sum() + there.sum())
    precision_gained = 0.0
    for threshold in np.unique(said):
        admitted = said >= threshold
        gained = (there & (said == threshold)).sum() / there.sum()
        precision_gained += gained * (there & admitted).sum() / admitted.sum()
    scores["edges/average_precision"] = float(precision_gained)

    ok = of["albedo/valid"]
    said, true = (
        np.moveaxis(of[f"albedo/{x}"], 1, -1)[ok].astype(float) for x in ("prediction", "target")
    )
    scores["albedo/mae"] = float(np.abs(said - true).mean())
    scores["albedo/psnr"] = float(-10 * np.log10(((said - true) ** 2).mean()))
    return scores
