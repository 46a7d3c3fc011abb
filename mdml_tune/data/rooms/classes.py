"""What a pixel can show."""

from enum import IntEnum


class ClassName(IntEnum):
    WALL = 0
    FLOOR = 1
    """With its rug."""
    CEILING = 2
    OPENING = 3
    """Doors and windows."""
    PICTURE = 4
    TABLE = 5
    SEAT = 6
    """Chairs, armchairs, sofas."""
    CABINET = 7
    """Cupboards, sideboards, bookcases."""
    ORNAMENT = 8
    """Lamps, plants, balls and the small things on tables."""


CLASSES: tuple[str, ...] = tuple(name.name.lower() for name in ClassName)
"""Names of the segmentation classes; the index is the class id."""
