"""The camera: where it stands, and the ray of each pixel."""

from dataclasses import dataclass

import numpy as np

from mdml_tune.data.rooms.chance import Chance, Turn
from mdml_tune.data.rooms.geometry import Point, Points
from mdml_tune.data.rooms.hollow import Hollow


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole. Its frame: x to the right, y down, z ahead."""

    position: Point
    right: Point
    down: Point
    ahead: Point
    half_height: float
    """Tangent of half the vertical field of view."""

    def rays(self, size: tuple[int, int]) -> Points:
        """Directions in the camera frame through the pixels' centres, row by row; z is 1.

        Pixels are square, so that a wider image sees more to the sides.
        """
        height, width = size
        pixel = 2 * self.half_height / height
        across = (np.arange(width, dtype=np.float64) + (0.5 - width / 2)) * pixel
        downward = (np.arange(height, dtype=np.float64) + (0.5 - height / 2)) * pixel
        x, y = np.tile(across, height), np.repeat(downward, width)
        return Points(x, y, np.ones_like(x))

    def to_world(self, vectors: Points) -> Points:
        x, y, z = vectors
        axes = zip(self.right, self.down, self.ahead, strict=True)
        return Points(*(x * r + y * d + z * a for r, d, a in axes))

    def from_world(self, vectors: Points) -> Points:
        x, y, z = vectors
        axes = (self.right, self.down, self.ahead)
        return Points(*(x * axis.x + y * axis.y + z * axis.z for axis in axes))


def draw_camera(chance: Chance, shell: Hollow) -> Camera:
    """Near one wall, at the height of a person's eyes, looking across the room and a bit down."""
    across = chance.between(0.25, 0.75)
    position = Point(shell.width * across, chance.between(1.2, 1.7), chance.between(0.15, 0.7))
    yaw = Turn.of_half_tangent((0.5 - across) * 0.5 + chance.between(-0.14, 0.14))
    pitch = Turn.of_half_tangent(chance.between(0.03, 0.13))
    return Camera(
        position=position,
        right=Point(yaw.cos, 0.0, -yaw.sin),
        down=Point(-yaw.sin * pitch.sin, -pitch.cos, -yaw.cos * pitch.sin),
        ahead=Point(yaw.sin * pitch.cos, -pitch.sin, yaw.cos * pitch.cos),
        half_height=chance.between(0.5, 0.65),
    )
