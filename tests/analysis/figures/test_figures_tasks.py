"""The figures about tasks: the dendrogram of their similarity, and what networks see of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from synthetic import TASKS, confirmed, searched, study

from mdml_tune.analysis.figures.dendrogram import dendrogram, draw_dendrogram
from mdml_tune.analysis.figures.strip import COLUMNS, draw_strip, strip
from mdml_tune.analysis.figures.style import Drawing, encode
from mdml_tune.analysis.subject import Subject, subject_of
from mdml_tune.data.colours import class_colours
from mdml_tune.records import Status, TrialRecord, Value
from mdml_tune.scd.relations import Kind, Relations
from mdml_tune.storage.samples import TYPES, Answers, Asked, Samples
from mdml_tune.tasks import Task

SEGMENTATION, DEPTH, NORMALS = TASKS
CKA = ((1.0, 0.2, 0.7), (0.2, 1.0, 0.4), (0.7, 0.4, 1.0))
RSA = ((1.0, 0.9, -0.5), (0.9, 1.0, -0.3), (-0.5, -0.3, 1.0))
OPEN = {"uniform": [0.0, 1.0]}


def grouped(
    *trials: TrialRecord,
    scd: Mapping[str, object] | None = None,
    similarity: Mapping[Kind, Sequence[Sequence[float]]] | None = None,
) -> Subject:
    of = replace(study(*trials), study={"trial": {"scd": scd}})
    matrices = {"linear_cka": CKA} if similarity is None else similarity
    return subject_of(of, Relations(tasks=TASKS, similarity=matrices, seeds=3))


def at(config_id: str, gain: float, threshold: float | None, **more: Value) -> TrialRecord:
    return searched(config_id, gain, parameters={"scd.grouping_threshold": threshold, **more})


# The dendrogram.


def test_the_tree_and_the_partition_of_every_threshold() -> None:
    found = dendrogram(grouped())
    assert found is not None
    assert found.leaves == (SEGMENTATION, NORMALS, DEPTH)
    assert [merge.similarity for merge in found.merges] == pytest.approx([0.7, 0.3])
    assert [i.low for i in found.intervals] == pytest.approx([0, 0.3, 0.7])
    assert [i.high for i in found.intervals] == pytest.approx([0.3, 0.7, 1])
    assert found.intervals[1].partition == ((SEGMENTATION, NORMALS), (DEPTH,))
    assert (found.used, found.best) == ((), None)


def test_blocks_are_neighbours_among_the_leaves() -> None:
    found = dendrogram(grouped(similarity={"rsa_spearman": RSA}))
    assert found is not None
    assert found.leaves == (SEGMENTATION, DEPTH, NORMALS)
    assert (found.intervals[0].low, found.intervals[-1].high) == (-1.0, 1.0)


def test_what_was_searched_and_who_leads() -> None:
    trials = (at("c1", 1.0, 0.2), at("c2", 4.0, 0.5), at("c3", 3.0, 0.9))
    pruned = searched("c4", 9.0, status=Status.PRUNED, parameters={"scd.grouping_threshold": 0.1})
    confirming = (confirmed("c3", gain, seed) for seed, gain in ((1000, 6.0), (1001, 6.2)))
    found = dendrogram(grouped(*trials, pruned, *confirming, scd={"grouping_threshold": OPEN}))
    assert found is not None
    assert [(u.row.config_id, u.grouping.threshold) for u in found.used] == [("c2", 0.5), ("c3", 0.9), ("c1", 0.2)]  # fmt: skip
    assert found.best is not None
    assert found.best.row.config_id == "c3"
    assert found.best.row.delta_m == pytest.approx(3.0)  # what the search says: the axis is val


def test_the_similarity_of_the_winner_is_drawn() -> None:
    both: Mapping[Kind, Sequence[Sequence[float]]] = {"linear_cka": CKA, "rsa_spearman": RSA}
    choice = {"choice": ["linear_cka", "rsa_spearman"]}
    scd = {"similarity": choice, "linkage": "single", "grouping_threshold": OPEN}
    trials = (
        at("c1", 1.0, 0.2, **{"scd.similarity": "rsa_spearman"}),
        at("c2", 4.0, 0.5, **{"scd.similarity": "linear_cka"}),
    )
    first = dendrogram(grouped(*trials, scd=scd, similarity=both))
    assert first is not None
    assert (first.kind, first.linkage) == ("linear_cka", "single")
    assert first.merges[-1].similarity == 0.4  # single linkage
    assert [used.row.config_id for used in first.used] == ["c2"]
    won = dendrogram(grouped(*trials, confirmed("c1", 2.0, 1000), scd=scd, similarity=both))
    assert won is not None
    assert won.kind == "rsa_spearman"
    assert [used.row.config_id for used in won.used] == ["c1"]


def test_a_winner_without_threshold_is_not_marked() -> None:
    scd = {"choice": [None, {"name": "on", "grouping_threshold": OPEN}]}
    trials = (at("c1", 1.0, 0.2, scd="on"), at("c2", 4.0, None, scd="none"))
    found = dendrogram(grouped(*trials, scd=scd))
    assert found is not None
    assert [used.row.config_id for used in found.used] == ["c1"]
    assert found.best is None


def test_no_tree_without_similarities() -> None:
    assert dendrogram(subject_of(study())) is None
    assert dendrogram(grouped(similarity={})) is None
    alone = Relations(tasks=(DEPTH,), similarity={"linear_cka": ((1.0,),)}, seeds=1)
    assert dendrogram(subject_of(study(), alone)) is None


def test_marks_of_the_tree_the_blocks_and_the_points() -> None:
    of = grouped(at("c1", 1.0, 0.2), at("c2", 4.0, 0.5), scd={"grouping_threshold": OPEN})
    numbers = dendrogram(of)
    assert numbers is not None
    tree, blocks, points, star = draw_dendrogram(numbers).marks.values()
    assert tree[0].text == "segmentation + normals\none block at thresholds up to 0.7"
    assert len(blocks) == 1 + 2 + 3
    assert blocks[1].text == "thresholds 0.3 to 0.7\nsegmentation + normals | depth"
    assert {mark.config_id for mark in points} == {"c1", "c2"}
    assert [mark.config_id for mark in star] == ["c2"]
    assert "grouping threshold 0.5" in star[0].text


def test_tasks_of_a_block_share_a_box() -> None:
    numbers = dendrogram(grouped())
    assert numbers is not None
    (boxes,) = draw_dendrogram(numbers).axes[1].collections
    extents = [path.get_extents() for path in boxes.get_paths()]
    together = {(round(e.x0, 6), round(e.x1, 6)): e for e in extents if e.height > 1}
    assert set(together) == {(0.0, 0.3), (0.3, 0.7)}
    assert together[0.3, 0.7].y0 < 0  # the first two leaves
    assert 1 < together[0.3, 0.7].y1 < 1.5  # and no part of the third
    assert together[0.0, 0.3].y1 > 2


# The strip of predictions.


def sampled(*, valid: bool = True, scores: tuple[float, ...] = (0.25, 0.5)) -> Subject:
    """Two images of 2 x 3 pixels, the labels of the second 0; our depth is far off."""

    def answers(task: Task, channels: int | None, target: float, ours: float) -> Answers:
        shape = (2, 2, 3) if channels is None else (2, channels, 2, 3)
        mask = np.ones((2, 2, 3), dtype=bool)
        mask[0, 0, 0] = valid
        labels = np.full(shape, target, dtype=TYPES[task])
        labels[1] = 0
        return Answers(
            target=labels,
            valid=mask,
            single=np.full(shape, target, dtype=TYPES[task]),
            ours=np.full(shape, ours, dtype=TYPES[task]),
            single_scores=(0.125, 0.375),
            ours_scores=scores,
        )

    samples = Samples(
        asked=Asked(ours="tc1s1000", single={}),
        images=np.full((2, 3, 2, 3), 51, dtype=np.uint8),
        answers={SEGMENTATION: answers(SEGMENTATION, None, 1, 2), DEPTH: answers(DEPTH, 1, 4, 80)},
        classes=3,
        inverse_depth=False,
    )
    return subject_of(study(confirmed("c1", 1.0, 1000))).with_answers(samples)


def drawn(subject: Subject) -> Drawing:
    numbers = strip(subject)
    assert numbers is not None
    return draw_strip(numbers)


def test_labels_and_predictions_in_the_colours_of_all_pictures() -> None:
    found = strip(sampled())
    assert found is not None
    np.testing.assert_allclose(found.images[0], 0.2)
    assert [[row.task for row in rows] for rows in found.rows] == [[SEGMENTATION, DEPTH]] * 2
    classes = found.rows[0][0]
    np.testing.assert_array_equal(classes.label.colours[1, 1], (*class_colours(3)[1], 1.0))
    np.testing.assert_array_equal(classes.ours.colours[1, 1], class_colours(3)[2])
    assert (classes.label.score, classes.single.score, classes.ours.score) == (None, 0.125, 0.25)
    second = found.rows[1][0]
    np.testing.assert_array_equal(second.label.colours[1, 1], (*class_colours(3)[0], 1.0))
    assert second.ours.score == 0.5


def test_depths_share_a_scale_that_labels_set() -> None:
    found = strip(sampled())
    assert found is not None
    assert found.farthest == 4.0
    depth = found.rows[0][1]
    np.testing.assert_array_equal(depth.label.colours[..., :3], depth.single.colours)
    np.testing.assert_array_equal(depth.ours.colours, depth.single.colours)  # beyond the end


def test_pixels_without_label_are_seen_through_in_labels_alone() -> None:
    found = strip(sampled(valid=False))
    assert found is not None
    for row in found.rows[0]:
        assert row.label.colours[0, 0, 3] == 0
        assert (row.label.colours[1:, :, 3] == 1).all()
        assert row.ours.colours.shape[-1] == 3


def test_only_where_labels_are_missing_is_it_hatched() -> None:
    def hatched(subject: Subject) -> list[int]:
        panels = drawn(subject).axes[:7]
        return [place for place, axes in enumerate(panels) if axes.patch.get_hatch()]

    assert hatched(sampled(valid=False)) == [1, 4]  # the labels of both tasks
    assert hatched(sampled()) == []


def test_unlabelled_depths_do_not_stretch_the_scale() -> None:
    of = sampled(valid=False)
    assert of.samples is not None
    of.samples.answers[DEPTH].target[0, 0, 0, 0] = 1000.0
    found = strip(of)
    assert found is not None
    assert found.farthest == 4.0


def test_a_score_that_cannot_be_given_is_a_dash() -> None:
    figure = drawn(sampled(scores=(float("nan"), 0.5)))
    below = [axes.get_xlabel() for axes in figure.axes]
    assert below[:4] == ["test image 1", "mIoU ↑", "0.1250", "–"]
    assert below[7:11] == ["test image 2", "mIoU ↑", "0.3750", "0.5000"]


def test_a_block_per_image_and_a_row_per_task() -> None:
    figure = drawn(sampled())
    assert tuple(axes.get_title() for axes in figure.axes[:4]) == COLUMNS
    assert len(figure.axes) == 2 * (1 + 2 * 3) + 1
    assert [axes.get_ylabel() for axes in figure.axes[1:7:3]] == ["segmentation", "depth"]
    assert figure.axes[-1].get_xlabel() == "depth [data unit]"


def test_without_depth_there_is_no_scale() -> None:
    of = sampled()
    assert of.samples is not None
    only = {SEGMENTATION: of.samples.answers[SEGMENTATION]}
    figure = drawn(replace(of, samples=replace(of.samples, answers=only)))
    assert len(figure.axes) == 2 * (1 + 3)


def test_no_strip_without_samples() -> None:
    assert strip(subject_of(study(confirmed("c1", 1.0, 1000)))) is None


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_both_can_be_drawn_and_are_the_same_twice(kind: str) -> None:
    tree = dendrogram(grouped(at("c1", 1.0, 0.2), scd={"grouping_threshold": OPEN}))
    panels = strip(sampled(valid=False))
    assert tree is not None
    assert panels is not None
    assert encode(draw_dendrogram(tree), kind) == encode(draw_dendrogram(tree), kind)
    assert encode(draw_strip(panels), kind) == encode(draw_strip(panels), kind)
