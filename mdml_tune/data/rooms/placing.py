"""Where furniture stands: along the walls or freely, clear of the camera and of each other."""

from typing import NamedTuple

from mdml_tune.data.rooms.chance import Chance, Turn
from mdml_tune.data.rooms.furniture import bookcase, chair, cupboard, round_table, sofa, table
from mdml_tune.data.rooms.geometry import Point
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.ornaments import floor_lamp, plant, toy_ball
from mdml_tune.data.rooms.pieces import Body, Piece, Place
from mdml_tune.data.rooms.shell import Face

_CLEARANCE = 0.45
"""Metres between the camera and the nearest furniture."""

_TRIES = 12
"""Spots that are tried for a piece before it is left out."""


class _Footprint(NamedTuple):
    """A rectangle on the floor along the walls: what a piece takes up."""

    x: float
    z: float
    half_x: float
    half_z: float

    def is_clear_of(self, other: "_Footprint", gap: float) -> bool:
        return (
            abs(self.x - other.x) > self.half_x + other.half_x + gap
            or abs(self.z - other.z) > self.half_z + other.half_z + gap
        )


_AGAINST_WALLS = (sofa, cupboard, bookcase)
_FREE = (table, round_table, chair, sofa, floor_lamp, plant, toy_ball)
_TURNS = {Face.AHEAD: Turn(1, 0), Face.LEFT: Turn(0, -1), Face.RIGHT: Turn(0, 1)}
"""How a piece is turned so that its back is to a wall."""


def furnish(chance: Chance, shell: Hollow, eye: Point) -> list[Body]:
    """One of each kind where there is space, then up to four more."""
    taken = [_Footprint(eye.x, eye.z, _CLEARANCE, _CLEARANCE)]
    makers = [
        (chance.one_of((cupboard, bookcase)), True),
        (sofa, True),
        (chance.one_of((table, round_table)), False),
        (chair, False),
        (chance.one_of((floor_lamp, plant, toy_ball)), False),
    ]
    for _ in range(chance.whole(0, 4)):
        against_wall = chance.happens(0.5)
        makers.append((chance.one_of(_AGAINST_WALLS if against_wall else _FREE), against_wall))
    bodies: list[Body] = []
    for make, against_wall in makers:
        piece = make(chance)
        for _ in range(_TRIES):
            place, footprint = (_by_wall if against_wall else _freely)(chance, shell, eye, piece)
            if all(footprint.is_clear_of(other, 0.06) for other in taken):
                taken.append(footprint)
                bodies += piece.build(place)
                break
    return bodies


def _by_wall(chance: Chance, shell: Hollow, eye: Point, piece: Piece) -> tuple[Place, _Footprint]:
    wall = chance.one_of((Face.AHEAD, Face.AHEAD, Face.LEFT, Face.RIGHT))
    off = piece.half_depth + 0.02
    if wall is Face.AHEAD:
        x, z = chance.between(piece.half_width, shell.width - piece.half_width), shell.depth - off
        half = (piece.half_width, piece.half_depth)
    else:
        x = off if wall is Face.LEFT else shell.width - off
        z = chance.between(eye.z + 1.1 + piece.half_width, shell.depth - piece.half_width)
        half = (piece.half_depth, piece.half_width)
    return Place(x, 0.0, z, _TURNS[wall]), _Footprint(x, z, *half)


def _freely(chance: Chance, shell: Hollow, eye: Point, piece: Piece) -> tuple[Place, _Footprint]:
    """Anywhere ahead of the camera, turned by any angle; tall pieces keep their distance."""
    turn = Turn.of_half_tangent(chance.between(-1, 1))
    if chance.happens(0.5):
        turn = Turn(-turn.cos, -turn.sin)
    cos, sin = abs(turn.cos), abs(turn.sin)
    half_x = cos * piece.half_width + sin * piece.half_depth + 0.03
    half_z = sin * piece.half_width + cos * piece.half_depth + 0.03
    near = eye.z + 0.9 + 0.4 * piece.height + half_z
    x = chance.between(half_x, shell.width - half_x)
    z = chance.between(near, max(near, shell.depth - half_z))
    return Place(x, 0.0, z, turn), _Footprint(x, z, half_x, half_z)
