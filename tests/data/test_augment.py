import math
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.config.data import Augmentation
from mdml_tune.data.augment import augment, flip, scale_and_crop
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task


@pytest.fixture
def batch(make_examples: Callable[..., Examples]) -> Examples:
    return make_examples(4)


def assert_same(ours: Examples, theirs: Examples) -> None:
    assert_close(ours.images, theirs.images, rtol=0, atol=0)
    assert_close(dict(ours.targets), dict(theirs.targets), rtol=0, atol=0)
    assert_close(dict(ours.valid), dict(theirs.valid), rtol=0, atol=0)
    assert ours.classes == theirs.classes


def test_only_the_chosen_are_mirrored(batch: Examples) -> None:
    flipped = flip(batch, torch.tensor([True, False, False, True]))
    assert_same(flipped.batch(torch.tensor([1, 2])), batch.batch(torch.tensor([1, 2])))
    for task in Task:
        assert not torch.equal(flipped.targets[task][0], batch.targets[task][0])
    assert_close(flipped.images[3], batch.images[3].flip(-1), rtol=0, atol=0)
    assert_close(flipped.valid[Task.DEPTH][0], batch.valid[Task.DEPTH][0].flip(-1))


def test_twice_is_as_before(batch: Examples) -> None:
    mirrored = torch.tensor([True, True, False, True])
    assert_same(flip(flip(batch, mirrored), mirrored), batch)


def test_normals_turn_with_the_image(batch: Examples) -> None:
    flipped = flip(batch, torch.ones(4, dtype=torch.bool)).targets[Task.NORMALS]
    before = batch.targets[Task.NORMALS].flip(-1)
    assert_close(flipped, before * torch.tensor([-1.0, 1.0, 1.0]).view(1, 3, 1, 1))


def test_without_normals(batch: Examples) -> None:
    alone = Examples(batch.images, {Task.DEPTH: batch.targets[Task.DEPTH]}, batch.valid, 0)
    assert list(flip(alone, torch.ones(4, dtype=torch.bool)).targets) == [Task.DEPTH]


H, W = 16, 24


def windows(*rows: tuple[float, float, float]) -> tuple[Tensor, Tensor, Tensor]:
    """Zoom, top and left, one row for each image."""
    zoom, top, left = torch.tensor(rows).T
    return zoom, top, left


def plane(values: Tensor, *, inverse: bool = False, valid: Tensor | None = None) -> Examples:
    """One image and every task's label, all drawn from ``values`` (H, W) in [0, 1]."""
    angle = values * math.pi / 2
    upright = torch.stack([angle.sin(), torch.zeros(H, W), angle.cos()])[None]
    targets = {
        Task.SEGMENTATION: (values * H * W).round().long()[None],
        Task.DEPTH: values[None, None] * H * W,
        Task.NORMALS: upright,
        Task.EDGES: (values > 0.5).float()[None, None],
        Task.ALBEDO: values.expand(1, 3, H, W),
    }
    holes = torch.ones(H, W, dtype=torch.bool) if valid is None else valid
    masks = dict.fromkeys(Task, holes[None])
    return Examples(values.expand(1, 3, H, W), targets, masks, H * W + 1, inverse_depth=inverse)


ORDINAL = torch.arange(H * W).view(H, W) / (H * W)
"""Every pixel is different, and says where it is."""
RAMP = ORDINAL.new_tensor(range(W)).expand(H, W) / W


def test_without_zoom_nothing_changes(make_examples: Callable[..., Examples]) -> None:
    batch = make_examples(3)
    assert_same(scale_and_crop(batch, *windows((1, 0, 0), (1, 0, 0), (1, 0, 0))), batch)
    mixed = scale_and_crop(batch, *windows((1, 0, 0), (1.5, 2, 3), (1, 0, 0)))
    rows = torch.tensor([0, 2])
    assert_same(mixed.batch(rows), batch.batch(rows))
    for pixels in (mixed.images, *mixed.targets.values(), *mixed.valid.values()):
        assert pixels.isfinite().all()
    assert not torch.equal(mixed.images[1], batch.images[1])


def test_each_image_has_its_own_window(make_examples: Callable[..., Examples]) -> None:
    batch = make_examples(2)
    places = ((1.2, 1.3, 4.0), (1.5, 5.0, 0.25))
    together = scale_and_crop(batch, *windows(*places))
    for row, place in enumerate(places):
        alone = scale_and_crop(batch.batch(torch.tensor([row])), *windows(place))
        assert_same(together.batch(torch.tensor([row])), alone)


def test_twice_as_near_is_every_pixel_twice() -> None:
    # Zoom 2 from a whole pixel: each pixel of the window becomes a block of two by two.
    zoomed = scale_and_crop(plane(ORDINAL), *windows((2, 3, 5)))
    window = ORDINAL[3 : 3 + H // 2, 5 : 5 + W // 2]
    blocks = window.repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert_close(zoomed.targets[Task.DEPTH][0, 0], blocks * H * W / 2)
    assert_close(zoomed.targets[Task.SEGMENTATION][0], (blocks * H * W).round().long())
    # Bilinear between the centres: a quarter pixel to either side of the old one.
    quarter = torch.where(torch.arange(W) % 2 == 0, -0.25, 0.25) / W
    ramp = scale_and_crop(plane(RAMP), *windows((2, 3, 5))).images[0, 0]
    assert_close(ramp, RAMP[:, 5 : 5 + W // 2].repeat_interleave(2, 1) + quarter)


@pytest.mark.parametrize("zoom", [1.2, 1.5])
def test_a_plane_comes_nearer(zoom: float) -> None:
    flat = torch.full((H, W), 0.5)
    here = windows((zoom, 1.0, 2.5))
    depth = scale_and_crop(plane(flat), *here).targets[Task.DEPTH]
    disparity = scale_and_crop(plane(flat, inverse=True), *here)
    assert_close(depth, torch.full_like(depth, 0.5 * H * W / zoom))
    assert_close(disparity.targets[Task.DEPTH], torch.full_like(depth, 0.5 * H * W * zoom))
    assert disparity.inverse_depth


@pytest.mark.parametrize("zoom", [1.2, 1.5])
@pytest.mark.parametrize("corner", [0.0, 1.0])
def test_labels_masks_and_image_stay_together(zoom: float, corner: float) -> None:
    valid = torch.rand(H, W) < 0.7
    room = 1 - 1 / zoom
    here = windows((zoom, corner * H * room, corner * W * room))
    zoomed = scale_and_crop(plane(ORDINAL, valid=valid), *here)
    seen = zoomed.targets[Task.SEGMENTATION][0]
    assert_close(zoomed.targets[Task.DEPTH][0, 0] * zoom, seen.float())
    assert torch.equal(zoomed.targets[Task.EDGES][0, 0], (seen > H * W / 2).float())
    for task in Task:
        assert torch.equal(zoomed.valid[task][0], valid.flatten()[seen])
    # Where the image looks, and the pixel that its labels come from, are half a pixel apart.
    across = scale_and_crop(plane(RAMP), *here).images[0, 0] * W
    down = scale_and_crop(plane(RAMP.new_tensor(range(H))[:, None].expand(H, W)), *here).images[
        0, 0
    ]
    assert ((across - seen % W).abs() <= 0.5 + 1e-4).all()
    assert ((down - seen // W).abs() <= 0.5 + 1e-4).all()
    # The window reaches its corner of the image.
    assert seen[-1, -1] == H * W - 1 if corner else seen[0, 0] == 0


def test_normals_stay_of_unit_length(make_examples: Callable[..., Examples]) -> None:
    batch = make_examples(8)
    zoomed = scale_and_crop(batch, *windows(*[(1.5, 0.7 * k, k) for k in range(8)]))
    length = zoomed.targets[Task.NORMALS].norm(dim=1)
    assert_close(length, zoomed.valid[Task.NORMALS].float())


def test_normals_are_interpolated() -> None:
    zoomed = scale_and_crop(plane(RAMP), *windows((1.5, 2, 3)))
    turned = zoomed.images[0, 0] * math.pi / 2  # the normal turns evenly from left to right
    expected = torch.stack([turned.sin(), torch.zeros(H, W), turned.cos()])
    assert_close(zoomed.targets[Task.NORMALS][0], expected, rtol=0, atol=1e-3)


def test_opposite_normals_are_not_mixed() -> None:
    stripes = torch.where(torch.arange(W) % 2 == 0, 1.0, -1.0).expand(1, H, W)
    normals = torch.stack([0 * stripes, 0 * stripes, stripes], dim=1)
    examples = plane(RAMP)
    examples = replace(examples, targets={**examples.targets, Task.NORMALS: normals})
    # The first column looks exactly between two pixels.
    zoomed = scale_and_crop(examples, *windows((1.5, 2, 0.5 + 1 / 6))).targets[Task.NORMALS]
    assert_close(zoomed.abs(), normals.abs())


@pytest.mark.parametrize("task", [Task.NORMALS, Task.ALBEDO])
def test_pixels_without_a_label_do_not_bleed(task: Task) -> None:
    valid = torch.rand(H, W) < 0.5
    flat = plane(torch.full((H, W), 0.25), valid=valid)
    wrong = torch.where(valid, flat.targets[task], torch.tensor([0.6, -0.8, 7.0]).view(3, 1, 1))
    spoilt = replace(flat, targets={**flat.targets, task: wrong})
    zoomed = scale_and_crop(spoilt, *windows((1.5, 2, 3)))
    there = zoomed.valid[task][:, None].expand(1, 3, H, W)
    expected = flat.targets[task].where(there, 0)  # constant, so zooming leaves it
    assert_close(zoomed.targets[task], expected)


@pytest.mark.parametrize("kind", get_args(Augmentation))
def test_chance_comes_from_the_generator_alone(
    kind: Augmentation, make_examples: Callable[..., Examples]
) -> None:
    batch, other = make_examples(4), make_examples(4, tasks=[Task.DEPTH], size=(8, 8), seed=1)
    first, second = (torch.Generator().manual_seed(3) for _ in range(2))
    once = augment(batch, kind, first)
    torch.manual_seed(99)
    assert_same(augment(batch, kind, second), once)
    # Neither the pixels nor the tasks decide how much is drawn.
    augment(batch, kind, first)
    augment(other, kind, second)
    assert torch.equal(first.get_state(), second.get_state())


def test_kinds(make_examples: Callable[..., Examples]) -> None:
    batch = make_examples(64)
    assert augment(batch, "none", torch.Generator()) is batch
    mirrored = torch.rand(64, generator=torch.Generator().manual_seed(0)) < 0.5
    flipped = flip(batch, mirrored)
    assert_same(augment(batch, "flip", torch.Generator().manual_seed(0)), flipped)
    scaled = augment(batch, "flip_and_scale", torch.Generator().manual_seed(0))
    left_alone = (scaled.images == flipped.images).flatten(1).all(1)
    assert 10 <= left_alone.sum() <= 32  # a third


def test_zooms_are_those_of_the_field_and_windows_lie_anywhere() -> None:
    count = 600
    down, across = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    where = torch.stack([down / H, across / W, 0.0 * across])
    examples = Examples(
        images=where.expand(count, 3, H, W),
        targets={Task.DEPTH: torch.ones(count, 1, H, W)},
        valid={Task.DEPTH: torch.ones(count, H, W, dtype=torch.bool)},
        classes=0,
    )
    zoomed = augment(examples, "flip_and_scale", torch.Generator().manual_seed(0))
    zoom = 1 / zoomed.targets[Task.DEPTH][:, 0, 0, 0]
    for factor in (1.0, 1.2, 1.5):  # lorenmt/mtan, issue 34
        chosen = (zoom - factor).abs() < 1e-4
        assert 150 < chosen.sum() < 250
        for axis, side in enumerate((H, W)):
            centre = zoomed.images[chosen, axis].mean(dim=(1, 2)) * side
            room = side * (1 - 1 / factor)
            # Evenly from edge to edge, and never beyond.
            assert_close(centre.mean().item(), (side - 1) / 2, rtol=0, atol=0.4)
            assert 0.9 * room <= centre.max() - centre.min() <= room + 0.1


def test_the_batch_stays_on_its_device(make_examples: Callable[..., Examples]) -> None:
    there = augment(make_examples(4).to("meta"), "flip_and_scale", torch.Generator())
    for pixels in (there.images, *there.targets.values(), *there.valid.values()):
        assert pixels.device.type == "meta"
