"""Changes to a batch that leave it true: the labels follow the image.

Shape suffixes: B batch, C channels, H height, W width.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

import torch
from torch import Tensor

from mdml_tune.config.data import Augmentation
from mdml_tune.data.split import Examples
from mdml_tune.tasks import Task

ZOOMS = (1.0, 1.2, 1.5)
"""The field's factors (lorenmt/mtan, issue 34), drawn with equal chance."""

_HALF = 0.5

_CANCELLED = 1e-3
"""A mean of unit normals shorter than this has no direction: they were opposite."""


def augment(examples: Examples, kind: Augmentation, generator: torch.Generator) -> Examples:
    """A batch as training sees it: each image mirrored and zoomed at random, or left alone.

    ``generator``, on the CPU, is the only source of chance. What is drawn from it depends on
    ``kind`` and the size of the batch alone, so that a resumed trial sees the same images.
    """
    match kind:
        case "none":
            return examples
        case "flip":
            return _flip_half(examples, generator)
        case "flip_and_scale":
            return _zoom_some(_flip_half(examples, generator), generator)
        case _:
            assert_never(kind)


def flip(examples: Examples, mirrored: Tensor) -> Examples:
    """Mirror left to right the examples where ``mirrored``, (B,) bool on their device, is True.

    Normals turn with the image: their x is negated where they are mirrored.
    """
    targets = {task: _flip(target, mirrored) for task, target in examples.targets.items()}
    if Task.NORMALS in targets:
        targets[Task.NORMALS] = _negate_x(targets[Task.NORMALS], mirrored)
    return replace(
        examples,
        images=_flip(examples.images, mirrored),
        targets=targets,
        valid={task: _flip(valid, mirrored) for task, valid in examples.valid.items()},
    )


def scale_and_crop(examples: Examples, zoom_B: Tensor, top_B: Tensor, left_B: Tensor) -> Examples:
    """Come nearer: a window of (H / zoom, W / zoom) pixels is blown up to (H, W).

    Images and albedo are interpolated, as are normals, which then get back their length; pixels
    without a label are kept out of both. All else takes the nearest pixel, so that labels and
    masks stay aligned. What looks ``zoom`` times larger is ``zoom`` times nearer: depth is divided
    by the zoom and disparity multiplied. An image whose zoom is 1 stays as it is, bit for bit.

    Args:
        examples: A batch.
        zoom_B: Factors of at least 1, float32 on the examples' device.
        top_B: Upper edge of each window, in pixels from 0 to H - H / zoom; fractions are allowed.
        left_B: Left edge of each window, likewise.
    """
    window = _window(examples.size, zoom_B, top_B, left_B)
    return replace(
        examples,
        images=window.interpolate(examples.images),
        targets={
            task: _zoom_target(task, target, examples, window)
            for task, target in examples.targets.items()
        },
        valid={task: window.nearest(valid) for task, valid in examples.valid.items()},
    )


@dataclass(frozen=True, slots=True)
class _Window:
    """Where each pixel of the result looks in the original. Whole numbers are pixel centres."""

    zoom_B: Tensor
    y_BH: Tensor
    x_BW: Tensor

    def nearest(self, pixels: Tensor) -> Tensor:
        """(B, ..., H, W) of any type: the pixel in which each one looks."""
        return _gather(pixels, (self.y_BH + _HALF).floor(), (self.x_BW + _HALF).floor())

    def interpolate(self, pixels_BCHW: Tensor) -> Tensor:
        """Bilinear; beyond the edge lies the edge."""
        mixed_BCHW = torch.zeros_like(pixels_BCHW)
        for y_BH, y_weight_BH in _neighbours(self.y_BH):
            for x_BW, x_weight_BW in _neighbours(self.x_BW):
                weight_BHW = y_weight_BH.unsqueeze(2) * x_weight_BW.unsqueeze(1)
                mixed_BCHW += weight_BHW.unsqueeze(1) * _gather(pixels_BCHW, y_BH, x_BW)
        return mixed_BCHW

    def interpolate_labels(self, target_BCHW: Tensor, valid_BHW: Tensor) -> Tensor:
        """Bilinear among the pixels with a label; 0 where the nearest pixel has none."""
        valid_B1HW = valid_BHW.unsqueeze(1)
        share_B1HW = self.interpolate(valid_B1HW.to(target_BCHW.dtype))
        mixed_BCHW = self.interpolate(target_BCHW.where(valid_B1HW, 0))
        # Where the nearest of the four pixels is valid, their share is a quarter at least.
        labels_BCHW = (mixed_BCHW / share_B1HW).where(self.nearest(valid_B1HW), 0)
        return self._unless_whole(target_BCHW, labels_BCHW)

    def interpolate_normals(self, normals_B3HW: Tensor, valid_BHW: Tensor) -> Tensor:
        """As ``interpolate_labels``, of unit length again; opposite normals are not mixed."""
        mixed_B3HW = self.interpolate_labels(normals_B3HW, valid_BHW)
        length_B1HW = mixed_B3HW.square().sum(dim=1, keepdim=True).sqrt()  # `norm` is slow
        near_B3HW = self.nearest(normals_B3HW.where(valid_BHW.unsqueeze(1), 0))
        unit_B3HW = torch.where(length_B1HW > _CANCELLED, mixed_B3HW / length_B1HW, near_B3HW)
        return self._unless_whole(normals_B3HW, unit_B3HW)

    def _unless_whole(self, target_BCHW: Tensor, zoomed_BCHW: Tensor) -> Tensor:
        """Undo the rounding, and what became of pixels without a label, where the zoom is 1."""
        return torch.where(self.zoom_B.view(-1, 1, 1, 1) == 1, target_BCHW, zoomed_BCHW)


def _window(size: tuple[int, int], zoom_B: Tensor, top_B: Tensor, left_B: Tensor) -> _Window:
    def look(side: int, start_B: Tensor) -> Tensor:
        centres = torch.arange(side, device=zoom_B.device) + _HALF
        return start_B.unsqueeze(1) + centres / zoom_B.unsqueeze(1) - _HALF

    return _Window(zoom_B, look(size[0], top_B), look(size[1], left_B))


def _neighbours(place: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """The whole numbers below and above, each with its weight."""
    below = place.floor()
    yield below, 1 - (place - below)
    yield below + 1, place - below


def _gather(pixels: Tensor, y_BH: Tensor, x_BW: Tensor) -> Tensor:
    """The pixels of (B, ..., H, W) at whole places; beyond the edge, those of the edge."""
    height, width = pixels.shape[-2:]
    rows_BH, columns_BW = y_BH.long().clamp(0, height - 1), x_BW.long().clamp(0, width - 1)
    index_BP = (rows_BH.unsqueeze(2) * width + columns_BW.unsqueeze(1)).flatten(1)
    flat = pixels.flatten(-2)
    index = index_BP.view(len(index_BP), *[1] * (flat.dim() - 2), -1).expand_as(flat)
    return flat.gather(-1, index).view_as(pixels)


def _flip_half(examples: Examples, generator: torch.Generator) -> Examples:
    mirrored = torch.rand(len(examples), generator=generator) < _HALF
    return flip(examples, mirrored.to(examples.device, non_blocking=True))


def _zoom_some(examples: Examples, generator: torch.Generator) -> Examples:
    chosen_B = torch.randint(len(ZOOMS), (len(examples),), generator=generator)
    place_2B = torch.rand(2, len(examples), generator=generator)
    zoom_B = torch.tensor(ZOOMS)[chosen_B]
    room_2B = torch.tensor(examples.size).view(2, 1) * (1 - 1 / zoom_B)
    drawn_3B = torch.cat([zoom_B.view(1, -1), place_2B * room_2B])
    zoom_B, top_B, left_B = drawn_3B.to(examples.device, non_blocking=True)
    return scale_and_crop(examples, zoom_B, top_B, left_B)


def _zoom_target(task: Task, target: Tensor, examples: Examples, window: _Window) -> Tensor:
    match task:
        case Task.SEGMENTATION | Task.EDGES:
            return window.nearest(target)
        case Task.DEPTH:
            near, zoom = window.nearest(target), window.zoom_B.view(-1, 1, 1, 1)
            return near * zoom if examples.inverse_depth else near / zoom
        case Task.NORMALS:
            return window.interpolate_normals(target, examples.valid[task])
        case Task.ALBEDO:
            return window.interpolate_labels(target, examples.valid[task])


def _flip(pixels: Tensor, mirrored: Tensor) -> Tensor:
    choice = mirrored.view(-1, *[1] * (pixels.dim() - 1))
    return torch.where(choice, pixels.flip(-1), pixels)


def _negate_x(normals_B3HW: Tensor, mirrored: Tensor) -> Tensor:
    x_B1HW, yz_B2HW = normals_B3HW.split([1, 2], dim=1)
    turned_B1HW = torch.where(mirrored.view(-1, 1, 1, 1), -x_B1HW, x_B1HW)
    return torch.cat([turned_B1HW, yz_B2HW], dim=1)
