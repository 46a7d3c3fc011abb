"""The folders of `.npy` files as which the field shares its data sets."""

from collections.abc import Mapping
from dataclasses import dataclass

from mdml_tune.tasks import Task

IMAGES = "image"

NYUV2_CLASSES = (
    "bed", "books", "ceiling", "chair", "floor", "furniture", "objects", "picture", "sofa",
    "table", "tv", "wall", "window",
)  # fmt: skip
"""Names of the segmentation classes; the index is the class id."""

CITYSCAPES_CLASSES: Mapping[int, tuple[str, ...]] = {
    7: ("flat", "construction", "object", "nature", "sky", "human", "vehicle"),
    19: (
        "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign",
        "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus", "train",
        "motorcycle", "bicycle",
    ),
}  # fmt: skip
"""The categories, and the classes that are evaluated (Cordts et al. 2016, table 1)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`ROOT/{train,val}/KIND/{0..N-1}.npy`; `val` is the official test split."""

    name: str
    """As the field writes it, for messages."""

    folders: Mapping[Task, tuple[str, ...]]
    """The tasks that the data set offers, and what the folder of each may be called."""

    class_names: tuple[str, ...]

    inverse_depth: bool

    def __str__(self) -> str:
        kinds = [IMAGES, *("|".join(names) for names in self.folders.values())]
        return f"{{train,val}}/{{{','.join(kinds)}}}/{{0..N-1}}.npy"


NYUV2 = Layout(
    name="NYUv2",
    folders={Task.SEGMENTATION: ("label",), Task.DEPTH: ("depth",), Task.NORMALS: ("normal",)},
    class_names=NYUV2_CLASSES,
    inverse_depth=False,
)

CITYSCAPES: Mapping[int, Layout] = {
    classes: Layout(
        name="Cityscapes",
        folders={Task.SEGMENTATION: folders, Task.DEPTH: ("depth",)},
        class_names=CITYSCAPES_CLASSES[classes],
        inverse_depth=True,
    )
    for classes, folders in ((7, ("label_7", "label")), (19, ("label_19",)))
}
"""By the number of segmentation classes."""
