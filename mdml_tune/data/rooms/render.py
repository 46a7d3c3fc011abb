"""A room as the camera sees it, with everything that can be asked about it."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.rooms.camera import Camera
from mdml_tune.data.rooms.chance import Chance
from mdml_tune.data.rooms.edges import edges
from mdml_tune.data.rooms.geometry import Floats, Indices, Points, Rays
from mdml_tune.data.rooms.layout import Room, draw_room
from mdml_tune.data.rooms.paint import Material, paint
from mdml_tune.data.rooms.raycast import FACES, Hits, first_hits
from mdml_tune.data.rooms.shading import Surfaces, shade
from mdml_tune.data.rooms.shell import Face
from mdml_tune.data.split import SplitName

RENDERER_VERSION = 1
"""To be raised whenever the same seed gives other pixels."""

_STREAMS = {SplitName.TRAIN: 0, SplitName.VAL: 1, SplitName.TEST: 2}

Pixels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scene:
    """One rendered room; H, W are its height and width in pixels."""

    image: Pixels
    """(3, H, W) RGB in [0, 1]."""
    segmentation: NDArray[np.int64]
    """(H, W) indices into ``CLASSES``."""
    depth: Pixels
    """(H, W) metres along the camera's axis, not along the ray."""
    normals: Pixels
    """(3, H, W) unit vectors towards the camera; x to the right, y down, z ahead."""
    edges: Pixels
    """(H, W) 1 on both sides of an occlusion boundary or a crease, else 0. What is only painted,
    such as the outline of a picture or a door, is none."""
    albedo: Pixels
    """(3, H, W) reflectance in [0, 1]: the paint, without light, shadow or highlight."""
    camera: Camera


def render(seed: int, split: SplitName, index: int, size: tuple[int, int]) -> Scene:
    """The scene ``index`` of ``split``, ``size`` being height and width.

    Equal arguments give equal bits on every machine, and another size shows the same room. Only
    operations that IEEE 754 rounds alike everywhere are used (+, -, *, /, sqrt), each on its own:
    no sums over arrays, no linear algebra, no transcendental functions.
    """
    chance = Chance(seed, _STREAMS[split], index)
    room = draw_room(chance)
    view = room.camera.rays(size)
    rays = Rays(room.camera.position, room.camera.to_world(view))
    hits = first_hits(rays, room.shell, [body.solid for body in room.bodies])
    seen = _look(room, rays, hits)
    materials, which, classes = _identify(room, hits, seen)
    albedo = paint(materials, which, seen.u, seen.v)
    gloss = np.array([m.gloss for m in materials])[which]
    views = _views(rays)
    surfaces = FACES * hits.owners + hits.faces
    light = shade(room, Surfaces(seen.points, seen.normals, views, albedo, gloss))
    exposed = np.sqrt(np.minimum(light, 1))
    noisy = exposed + 0.02 * chance.noise(exposed.shape)
    return Scene(
        image=_planes(np.minimum(np.maximum(noisy, 0), 1), size),
        segmentation=classes.reshape(size),
        depth=hits.distances.astype(np.float32).reshape(size),
        normals=_planes(np.stack(room.camera.from_world(seen.normals), axis=1), size),
        edges=edges(surfaces.reshape(size), seen.points, seen.normals),
        albedo=_planes(albedo, size),
        camera=room.camera,
    )


class _Seen(NamedTuple):
    """The visible surface, per pixel."""

    points: Points
    normals: Points
    u: Floats
    v: Floats


def _look(room: Room, rays: Rays, hits: Hits) -> _Seen:
    points = rays.points(hits.distances)
    normals, u, v = room.shell.skin(points, np.where(hits.owners == 0, hits.faces, 0))
    for owner in np.unique(hits.owners[hits.owners > 0]):
        own = np.flatnonzero(hits.owners == owner)
        skin = room.bodies[owner - 1].solid.skin(points.at(own), hits.faces[own])
        u[own], v[own] = skin.u, skin.v
        for axis, values in zip(normals, skin.normals, strict=True):
            axis[own] = values
    return _Seen(points, normals, u, v)


def _identify(
    room: Room, hits: Hits, seen: _Seen
) -> tuple[list[Material], Indices, NDArray[np.int64]]:
    """All materials, which of them each pixel shows, and the class of each pixel."""
    face_classes = np.array([0, 0, 1, 2, 0, 0])
    materials = [room.paint[face] for face in Face]
    materials += [body.material for body in room.bodies]
    body_classes = np.array([0, *(body.class_name for body in room.bodies)])
    on_shell = hits.owners == 0
    shell_faces = np.where(on_shell, hits.faces, 0)
    which = np.where(on_shell, hits.faces, len(Face) - 1 + hits.owners)
    classes = np.where(on_shell, face_classes[shell_faces], body_classes[hits.owners])
    for panel in room.panels:
        inside = (
            on_shell
            & (hits.faces == panel.face)
            & (seen.u > panel.u[0])
            & (seen.u < panel.u[1])
            & (seen.v > panel.v[0])
            & (seen.v < panel.v[1])
        )
        which[inside], classes[inside] = len(materials), panel.class_name
        materials.append(panel.material)
    return materials, which, classes


def _views(rays: Rays) -> Points:
    """Unit vectors from what is seen to the camera."""
    x, y, z = rays.directions
    length = np.sqrt(x * x + y * y + z * z)
    return Points(-x / length, -y / length, -z / length)


def _planes(values: Floats, size: tuple[int, int]) -> Pixels:
    """(P, 3) to (3, H, W) float32."""
    return np.ascontiguousarray(values.T.reshape(3, *size), dtype=np.float32)
