"""The lights of a room: where they are, and their colour."""

from typing import NamedTuple

from mdml_tune.data.rooms.chance import Chance, Colour
from mdml_tune.data.rooms.classes import ClassName
from mdml_tune.data.rooms.geometry import Point
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.paint import Pattern, material
from mdml_tune.data.rooms.pieces import Body
from mdml_tune.data.rooms.solids import Frustum


class Light(NamedTuple):
    position: Point
    colour: Colour
    """Its strength per channel at one metre."""


def draw_lamp(chance: Chance, shell: Hollow) -> tuple[Light, list[Body]]:
    """The main light under the ceiling, at times with a shade around it."""
    x, z = shell.width * chance.between(0.25, 0.75), shell.depth * chance.between(0.35, 0.75)
    warmth, strength = chance.between(0, 1), chance.between(2.2, 4.0)
    colour = (strength, strength * (1 - 0.3 * warmth), strength * (1 - 0.65 * warmth))
    drop = chance.between(0.35, 0.6)
    radius = chance.between(0.15, 0.25)
    cloth = material(
        chance, Pattern.PLAIN, chance.colour((0.3, 0.2, 0.1), (0.95, 0.9, 0.8)), (0.8, 0.7, 0.6)
    )
    cord = material(chance, Pattern.PLAIN, (0.05, 0.05, 0.05), (0.1, 0.1, 0.1))
    if chance.happens(0.45):
        return Light(Point(x, shell.height - 0.12, z), colour), []
    low = shell.height - drop
    solids = (
        (Frustum(Point(x, low, z), 0.2, radius, radius * 0.5), cloth),
        (Frustum(Point(x, low + 0.2, z), drop - 0.2, 0.012, 0.012), cord),
    )
    bodies = [Body(solid, ClassName.ORNAMENT, stuff) for solid, stuff in solids]
    return Light(Point(x, low - 0.06, z), colour), bodies


def draw_fills(chance: Chance, shell: Hollow) -> list[Light]:
    """Daylight from one side, or another lamp: each with a cast of its own."""
    fills: list[Light] = []
    for _ in range(chance.whole(1, 2)):
        x, z = shell.width * chance.between(0.05, 0.95), shell.depth * chance.between(0.1, 0.9)
        strength = chance.between(0.3, 1.6)
        cast = chance.colour((0.4, 0.5, 0.5), (1.0, 1.0, 1.0))
        colour = (strength * cast[0], strength * cast[1], strength * cast[2])
        fills.append(Light(Point(x, shell.height * chance.between(0.4, 0.9), z), colour))
    return fills
