"""The room before anything stands in it: its size and its paint."""

from enum import IntEnum

from mdml_tune.data.rooms.chance import Chance, Colour
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.paint import Material, Pattern, material


class Face(IntEnum):
    """The faces of a room, numbered as ``Hollow`` numbers them."""

    LEFT = 0
    RIGHT = 1
    FLOOR = 2
    CEILING = 3
    BEHIND = 4
    AHEAD = 5


WALLS = (Face.LEFT, Face.RIGHT, Face.AHEAD, Face.BEHIND)


def draw_shell(chance: Chance) -> Hollow:
    return Hollow(chance.between(3.2, 5.2), chance.between(2.3, 2.9), chance.between(3.8, 6.0))


def draw_paint(chance: Chance) -> dict[Face, Material]:
    """One material per face; the walls share theirs, but for one at times."""
    wall = _wall(chance)
    other = chance.one_of((*WALLS, None))
    paint = {face: _wall(chance) if face == other else wall for face in WALLS}
    white = chance.between(0.7, 0.95)
    ceiling = chance.colour((white, white, white * 0.85), (white, white, white))
    paint[Face.CEILING] = material(chance, Pattern.PLAIN, ceiling, ceiling)
    paint[Face.FLOOR] = _floor(chance)
    return paint


def _wall(chance: Chance) -> Material:
    light = chance.between(0.45, 0.9)
    base = chance.colour((light * 0.6, light * 0.6, light * 0.6), (light, light, light))
    accent = chance.colour((0.3, 0.3, 0.3), (0.9, 0.9, 0.9))
    pattern = chance.one_of((Pattern.PLAIN, Pattern.PLAIN, Pattern.STRIPES, Pattern.MOTTLED))
    if pattern is not Pattern.PLAIN:
        accent = (base[0] * 0.75, base[1] * 0.8, base[2] * 0.85)
    width = chance.between(0.2, 0.5)
    return material(
        chance,
        pattern,
        base,
        accent if pattern is not Pattern.PLAIN else base,
        third=base,
        cell=(width, width),
    )


def _floor(chance: Chance) -> Material:
    pattern = chance.one_of(
        (Pattern.PLANKS, Pattern.PLANKS, Pattern.CHECKS, Pattern.TILES, Pattern.MOTTLED)
    )
    red = chance.between(0.25, 0.6)
    wood: Colour = (red, red * chance.between(0.6, 0.85), red * chance.between(0.3, 0.7))
    if pattern is Pattern.PLANKS:
        dark: Colour = (wood[0] * 0.5, wood[1] * 0.5, wood[2] * 0.5)
        return material(
            chance,
            pattern,
            wood,
            dark,
            cell=(1.2, chance.between(0.15, 0.3)),
            gloss=chance.between(0, 0.4),
        )
    size = chance.between(0.3, 0.55)
    base = chance.colour((0.3, 0.3, 0.3), (0.8, 0.8, 0.75))
    return material(
        chance,
        pattern,
        base,
        chance.colour((0.1, 0.1, 0.1), (0.6, 0.6, 0.6)),
        third=wood,
        cell=(size, size),
        gloss=chance.between(0, 0.4),
    )
