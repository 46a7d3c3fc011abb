"""What a trial learns from."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt
from pydantic.dataclasses import dataclass

from mdml_tune.config.strict import STRICT
from mdml_tune.tasks import Task

Tasks = Annotated[tuple[Task, ...], Field(min_length=1)]

Side = Annotated[int, Field(ge=16, le=4096, multiple_of=8)]
"""Pixels; a multiple of 8, because the networks halve the image three times."""


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

    augmentation: Literal["none", "flip"] = "flip"
    """`flip` mirrors a training image left to right half of the time, for all peers alike."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class NyuV2Data:
    """NYUv2 as the field shares it: `{train,val}/{image,label,depth,normal}/{0..N-1}.npy`.

    `val` is the official test split (it becomes our test); our val is held out of train.
    """

    dataset: Literal["nyuv2"]

    tasks: Tasks
    """What to predict; several of segmentation, depth, normals."""

    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of the training images that is held out for the search."""

    seed: NonNegativeInt = 0
    """Draws which training images are held out."""

    augmentation: Literal["none", "flip"] = "flip"
    """`flip` mirrors a training image left to right half of the time, for all peers alike."""


DataConfig = Annotated[RoomsData | NyuV2Data, Field(discriminator="dataset")]
