"""What furniture is made from: where a piece stands, its bodies, and common materials."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from mdml_tune.data.rooms.chance import Chance, Colour, Turn
from mdml_tune.data.rooms.classes import ClassName
from mdml_tune.data.rooms.geometry import Point, Solid
from mdml_tune.data.rooms.paint import Material, Pattern, material
from mdml_tune.data.rooms.solids import Box


class Place(NamedTuple):
    """Where a piece stands."""

    x: float
    y: float
    z: float
    turn: Turn

    def out(self, x: float, y: float, z: float) -> Point:
        """A point of the piece's own axes, in the room."""
        cos, sin = self.turn
        return Point(self.x + cos * x + sin * z, self.y + y, self.z + cos * z - sin * x)


@dataclass(frozen=True, slots=True)
class Body:
    """A solid in the room, with what it is and what it is made of."""

    solid: Solid
    class_name: ClassName
    material: Material


@dataclass(frozen=True, slots=True)
class Piece:
    half_width: float
    half_depth: float
    height: float
    build: Callable[[Place], list[Body]]


def upright_box(
    place: Place, centre: tuple[float, float, float], half: tuple[float, float, float]
) -> Box:
    return Box(place.out(*centre), Point(*half), place.turn)


def any_colour(chance: Chance) -> Colour:
    return chance.colour((0.05, 0.05, 0.05), (0.8, 0.8, 0.8))


def plain_paint(chance: Chance, *, gloss: float = 0.0) -> Material:
    colour = any_colour(chance)
    return material(
        chance, Pattern.PLAIN, colour, darker(colour, 0.7), cell=(0.2, 0.2), gloss=gloss
    )


def wood(chance: Chance) -> Material:
    red = chance.between(0.15, 0.65)
    base: Colour = (red, red * chance.between(0.55, 0.8), red * chance.between(0.25, 0.55))
    return material(
        chance,
        Pattern.PLANKS,
        base,
        darker(base, 0.5),
        cell=(1.3, chance.between(0.12, 0.4)),
        gloss=chance.between(0, 0.3),
    )


def wood_or_paint(chance: Chance) -> Material:
    return (
        wood(chance) if chance.happens(0.6) else plain_paint(chance, gloss=chance.between(0, 0.4))
    )


def cloth(chance: Chance, *, gloss: float = 0.0) -> Material:
    pattern = chance.one_of((Pattern.PLAIN, Pattern.MOTTLED, Pattern.CHECKS, Pattern.STRIPES))
    cell = chance.between(0.08, 0.3)
    base = any_colour(chance)
    return material(
        chance,
        pattern,
        base,
        any_colour(chance),
        third=darker(base, 0.6),
        cell=(cell, cell),
        gloss=gloss,
    )


def darker(colour: Colour, share: float) -> Colour:
    return colour[0] * share, colour[1] * share, colour[2] * share
