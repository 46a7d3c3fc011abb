"""`dataset.yaml`: what a data set of one's own holds, and where its files are."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path, PurePath
from typing import Annotated, cast

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt, PositiveFloat
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from mdml_tune.config.schema import Problem, refuse, validate
from mdml_tune.config.strict import STRICT
from mdml_tune.config.yaml12 import read_yaml
from mdml_tune.data.files import SUFFIXES
from mdml_tune.tasks import Task

FILE = "dataset.yaml"

ID, SPLIT, LIST = "{id}", "{split}", ".txt"


def _pattern(text: str) -> str:
    if ID not in text or PurePath(text).suffix.lower() not in SUFFIXES or set("*?[]") & set(text):
        raise PydanticCustomError(
            "pattern",
            "give a path with {id} in it, without * and ?, that ends in {suffixes}",
            {"suffixes": ", ".join(SUFFIXES)},
        )
    return text


def _class_names(found: object) -> object:
    """A number of classes as so many names."""
    if isinstance(found, int) and not isinstance(found, bool) and found > 1:
        return tuple(f"class {number}" for number in range(found))
    if not isinstance(found, (list, tuple)) or len(cast("list[object]", found)) < 2:  # noqa: PLR2004
        raise PydanticCustomError(
            "classes", "list the names of the classes, or say how many there are: two or more"
        )
    return tuple(cast("list[object]", found))


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A path below the data set's folder: `{id}` stands for what names an image, `{split}` for the
split where it is part of the path."""

ClassNames = Annotated[tuple[str, ...], BeforeValidator(_class_names)]

Values = tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SplitFiles:
    """What stands for `{split}`: a folder's name; or, ending in .txt, a file with an id a line."""

    train: str = "train"

    val: str | None = None
    """Left out: held out of train."""

    test: str = "test"


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class SegmentationFiles:
    """Class ids, one a pixel."""

    files: Pattern

    classes: ClassNames
    """Their names in the order of their ids, or just how many there are."""

    ignore: Values = (-1, 255)
    """Ids of pixels without a label."""

    first_id: NonNegativeInt = 0
    """Id of the first class; 1 where 0 means unlabelled."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class DepthFiles:
    """Depth or disparity, one a pixel."""

    files: Pattern

    scale: PositiveFloat = 1.0
    """What a stored value is multiplied by: 0.001 turns millimetres into metres."""

    invalid: float = 0.0
    """The stored value of pixels without depth; 0 never counts as one."""

    inverse: bool = False
    """Whether it is disparity: large where things are near."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class NormalsFiles:
    """Unit vectors with x to the right of the image; all-zero ones have no label.

    In pictures, 0 to white stands for -1 to 1, and black and middle grey have no label.
    """

    files: Pattern


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class EdgesFiles:
    """Not 0 where there is an edge."""

    files: Pattern

    ignore: Values = ()
    """Values of pixels without a label."""


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class AlbedoFiles:
    """Reflectance, stored as an image is."""

    files: Pattern


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class TaskFiles:
    """The labels that there are."""

    segmentation: SegmentationFiles | None = None
    depth: DepthFiles | None = None
    normals: NormalsFiles | None = None
    edges: EdgesFiles | None = None
    albedo: AlbedoFiles | None = None

    def offered(self) -> tuple[Task, ...]:
        return tuple(Task(f.name) for f in fields(self) if getattr(self, f.name) is not None)


@dataclass(frozen=True, kw_only=True, slots=True, config=STRICT)
class Description:
    """A data set of one's own."""

    images: Pattern
    """RGB: pictures, or .npy of (height, width, 3) floats from 0 to 1."""

    tasks: TaskFiles

    splits: SplitFiles = Field(default_factory=SplitFiles)


def read_description(path: Path) -> Description:
    """The data set that the file at ``path`` describes.

    Raises:
        ConfigError: Lists everything that is wrong with the file.
    """
    found = validate(Description, read_yaml(path))
    problems = found if isinstance(found, list) else list(_contradictions(found))
    if problems or isinstance(found, list):
        raise refuse(str(path), problems)
    return found


def _contradictions(description: Description) -> Iterator[Problem]:
    if not description.tasks.offered():
        yield Problem("tasks", f"describe at least one of {', '.join(Task)}")
    seen: dict[str, str] = {}
    for name in ("train", "val", "test"):
        value = getattr(description.splits, name)
        if value is None:
            continue
        if SPLIT not in description.images and not value.endswith(LIST):
            yield Problem(
                f"splits.{name}",
                f"images has no {{split}} in it, so name a {LIST} file of ids, found '{value}'",
            )
        if value in seen:
            yield Problem(f"splits.{name}", f"'{value}' is {seen[value]} already")
        seen[value] = name
    segmentation = description.tasks.segmentation
    if segmentation is not None:
        last = segmentation.first_id + len(segmentation.classes) - 1
        ignored = [v for v in segmentation.ignore if segmentation.first_id <= v <= last]
        if ignored:
            yield Problem(
                "tasks.segmentation.ignore",
                f"{ignored[0]} is the id of a class ({segmentation.first_id} to {last})",
            )
