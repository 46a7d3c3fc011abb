"""What light makes of a surface: lamps with falloff and shadow, ambient light, highlights."""

from typing import NamedTuple

import numpy as np

from mdml_tune.data.rooms.geometry import Floats, Points, Rays
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.layout import Room
from mdml_tune.data.rooms.lights import Light
from mdml_tune.data.rooms.raycast import reached

_ALONG = 0.9
"""Cosine above which a surface faces a wall, or is it, and is not darkened by it."""


class Surfaces(NamedTuple):
    """P visible points."""

    points: Points
    normals: Points
    views: Points
    """Unit vectors from the points to the camera."""
    albedo: Floats
    """(P, 3)"""
    gloss: Floats


def shade(room: Room, surfaces: Surfaces) -> Floats:
    """Light that reaches the camera, (P, 3), 1 being white; values above 1 are possible."""
    solids = [body.solid for body in room.bodies]
    ambient = _openness(room.shell, surfaces)
    diffuse = ambient[:, None] * np.array(room.ambient)
    highlights = np.zeros_like(diffuse)
    for light in (room.lamp, *room.fills):
        from_light = _to(light, surfaces.points)
        strength, highlight = _received(from_light, surfaces)
        if light is room.lamp:
            free = reached(Rays(light.position, from_light), solids)
            strength, highlight = strength * free, highlight * free
        colour = np.array(light.colour)
        diffuse = diffuse + strength[:, None] * colour
        highlights = highlights + highlight[:, None] * colour
    return room.exposure * (surfaces.albedo * diffuse + highlights)


def _to(light: Light, points: Points) -> Points:
    x, y, z = light.position
    return Points(points.x - x, points.y - y, points.z - z)


def _received(from_light: Points, surfaces: Surfaces) -> tuple[Floats, Floats]:
    """Light received for its angle and distance, and the part mirrored to the camera."""
    x, y, z = from_light
    normals, views = surfaces.normals, surfaces.views
    squared = x * x + y * y + z * z + 1e-9
    distance = np.sqrt(squared)
    facing = -(x * normals.x + y * normals.y + z * normals.z) / distance
    facing = np.maximum(facing, 0)
    falloff = 1 / (squared + 0.4)
    hx, hy, hz = views.x - x / distance, views.y - y / distance, views.z - z / distance
    length = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-9
    mirrored = np.maximum((hx * normals.x + hy * normals.y + hz * normals.z) / length, 0)
    for _ in range(5):
        mirrored = mirrored * mirrored
    return facing * falloff, surfaces.gloss * mirrored * falloff * (facing > 0)


def _openness(shell: Hollow, surfaces: Surfaces) -> Floats:
    """Ambient light: less in the corners of the room, more from above."""
    (x, y, z), (nx, ny, nz) = surfaces.points, surfaces.normals
    open_ = 0.8 + 0.2 * ny
    for distance, along in (
        (x, nx),
        (shell.width - x, nx),
        (y, ny),
        (shell.height - y, ny),
        (z, nz),
        (shell.depth - z, nz),
    ):
        gap = np.maximum(distance, 0)
        open_ = open_ * np.where(np.abs(along) > _ALONG, 1.0, 0.55 + 0.45 * gap / (gap + 0.12))
    return open_
