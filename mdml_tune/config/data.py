"""What a trial learns from."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task

Tasks = Annotated[tuple[Task, ...], Field(min_length=1)]

Side = Annotated[int, Field(ge=16, le=4096, multiple_of=8)]
"""Pixels; a multiple of 8, because the networks halve the image three times or more."""

Augmentation = Literal["none", "flip", "flip_and_scale"]
"""``flip`` mirrors a training image left to right half of the time. ``flip_and_scale`` also zooms in
by 1, 1.2 or 1.5 and crops at random; depth is divided by the zoom, disparity multiplied. All peers
see the same."""

ValFraction = Annotated[float, Field(gt=0, lt=1)]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class RoomsData:
    """Procedural indoor scenes, made on the fly: no files, no download."""

    dataset: Literal["rooms"] = "rooms"

    tasks: Tasks
    """What to predict; several of segmentation, depth, normals, edges, albedo."""

    train_size: PositiveInt = 48
    """Training scenes. Few on purpose: overfitting is what mutual learning is meant to reduce."""

    val_size: PositiveInt = 48
    """Scenes on which configurations are compared during the search."""

    test_size: PositiveInt = 96
    """Scenes that only `confirm` and `train` look at."""

    image_size: tuple[Side, Side] = (48, 64)
    """Height and width in pixels."""

    seed: NonNegativeInt = 0
    """Draws other scenes of the same kind."""

    augmentation: Augmentation = "flip"
    """How training images are varied, the same for all peers: none, flip or flip_and_scale."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class NyuV2Data:
    """NYUv2 as the field shares it: `{train,val}/{image,label,depth,normal}/{0..N-1}.npy`.

    `val` is the official test split (it becomes our test); our val is held out of train.
    """

    dataset: Literal["nyuv2"]

    tasks: Tasks
    """What to predict; several of segmentation, depth, normals."""

    val_fraction: ValFraction = 0.2
    """Share of the training images that is held out for the search."""

    seed: NonNegativeInt = 0
    """Draws which training images are held out."""

    augmentation: Augmentation = "flip"
    """How training images are varied, the same for all peers: none, flip or flip_and_scale."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class CityscapesData:
    """Cityscapes as the field shares it: `{train,val}/{image,depth,label_7}/{0..N-1}.npy`.

    Its depth is inverse depth (disparity). `val` is the official validation split, which the field
    tests on: it becomes our test; our val is held out of train.
    """

    dataset: Literal["cityscapes"]

    tasks: Tasks
    """What to predict; several of segmentation, depth."""

    classes: Literal[7, 19] = 7
    """Of segmentation: the 7 categories (`label_7` or `label`) or the 19 classes (`label_19`)."""

    val_fraction: ValFraction = 0.2
    """Share of the training images that is held out for the search."""

    seed: NonNegativeInt = 0
    """Draws which training images are held out."""

    augmentation: Augmentation = "flip"
    """How training images are varied, the same for all peers: none, flip or flip_and_scale."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class FolderData:
    """A data set of your own: a folder with a `dataset.yaml` that says what lies where."""

    dataset: Literal["folder"]

    tasks: Tasks
    """What to predict; several of those that `dataset.yaml` describes."""

    val_fraction: ValFraction = 0.2
    """Share of the training images that is held out where the folder has no val of its own."""

    seed: NonNegativeInt = 0
    """Draws which training images are held out."""

    augmentation: Augmentation = "flip"
    """How training images are varied, the same for all peers: none, flip or flip_and_scale."""


DataConfig = Annotated[
    RoomsData | NyuV2Data | CityscapesData | FolderData, Field(discriminator="dataset")
]
