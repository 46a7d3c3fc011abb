"""Textures: what colour a surface reflects at a point, before any light falls on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from mdml_tune.data.rooms.chance import Chance, Colour
from mdml_tune.data.rooms.geometry import Floats, Indices

Hashes = NDArray[np.uint32]


class Pattern(IntEnum):
    PLAIN = 0
    """One colour with faint blotches."""
    MOTTLED = 1
    """Blotches of three colours: stone, carpet, a painting."""
    CHECKS = 2
    STRIPES = 3
    PLANKS = 4
    """Boards with grain and dark joints."""
    TILES = 5
    """Cells with joints of another colour; also the bars of a window."""
    SPINES = 6
    """Cells of many colours, such as books on a shelf."""


@dataclass(frozen=True, slots=True)
class Material:
    pattern: Pattern
    base: Colour
    accent: Colour
    third: Colour
    cell: tuple[float, float]
    """Size of one cell of the pattern in metres, along u and v."""
    salt: int
    """Tells apart the blotches of two surfaces of one pattern."""
    gloss: float
    """Strength of the highlights; 0 is matt."""


def material(
    chance: Chance,
    pattern: Pattern,
    base: Colour,
    accent: Colour,
    *,
    third: Colour | None = None,
    cell: tuple[float, float] = (0.3, 0.3),
    gloss: float = 0.0,
) -> Material:
    """A material with blotches of its own; ``third`` is as ``base`` where it is not given."""
    return Material(pattern, base, accent, third or base, cell, chance.whole(0, 1 << 30), gloss)


def paint(materials: Sequence[Material], which: Indices, u: Floats, v: Floats) -> Floats:
    """Reflectances, (P, 3) in [0, 1], of P points of which point p has material ``which[p]``."""
    cells = np.array([m.cell for m in materials])[which]
    salt = np.array([m.salt for m in materials], dtype=np.uint32)[which]
    pattern = np.array([m.pattern for m in materials])[which]
    x, y = u / cells[:, 0], v / cells[:, 1]
    towards_accent, towards_third = _weights(pattern, x, y, salt)
    colours = np.array([(m.base, m.accent, m.third) for m in materials])[which]
    base, accent, third = colours[:, 0], colours[:, 1], colours[:, 2]
    mixed = base + towards_accent[:, None] * (accent - base)
    mixed = mixed + towards_third[:, None] * (third - mixed)
    return np.minimum(np.maximum(mixed, 0), 1)


def _weights(pattern: Indices, x: Floats, y: Floats, salt: Hashes) -> tuple[Floats, Floats]:
    """How far each point is from the base colour towards the accent, then towards the third."""
    boards = pattern == Pattern.PLANKS
    row, column = np.floor(y), np.floor(x)
    shift = np.where(boards, _hash(row, np.zeros_like(row), salt), 0.0)
    column = np.where(boards, np.floor(x + shift), column)
    within_x, within_y = np.where(boards, x + shift, x) - column, y - row
    own = _hash(column, row, salt)
    blotches = _blotches(x, np.where(boards, 6 * y, y), salt)
    joint = _joint(within_x, within_y, np.where(boards, 0.012, 0.06), 0.06)
    checks = (column + row) - 2 * np.floor((column + row) / 2)
    accents = (
        0.5 * blotches,
        _steeper(blotches),
        0.85 * checks + 0.15 * blotches,
        np.where(2 * within_x < 1, 0.1, 0.9) + 0.1 * (blotches - 0.5),
        np.maximum(0.5 * own + 0.4 * blotches, joint),
        np.maximum(0.25 * own + 0.15 * blotches, joint),
        own,
    )
    fine = _blotches(3 * x + 7, 3 * y + 3, salt)
    other = _hash(row, column, salt + np.uint32(1))
    thirds = np.where(pattern == Pattern.MOTTLED, _steeper(fine), 0.0)
    return np.choose(pattern, accents), np.where(pattern == Pattern.SPINES, other, thirds)


def _joint(within_x: Floats, within_y: Floats, wide_x: Floats, wide_y: float) -> Floats:
    return np.where((within_x < wide_x) | (within_y < wide_y), 1.0, 0.0)


def _steeper(weight: Floats) -> Floats:
    """More of the extremes: 0 up to 0.3, 1 from 0.7."""
    return np.minimum(np.maximum((weight - 0.3) * 2.5, 0), 1)


def _blotches(x: Floats, y: Floats, salt: Hashes) -> Floats:
    """Value noise in [0, 1]: random values on a lattice, smoothly blended between."""
    column, row = np.floor(x), np.floor(y)
    along, across = _smooth(x - column), _smooth(y - row)
    corners = [_hash(column + i, row + j, salt) for j in (0, 1) for i in (0, 1)]
    lower = corners[0] + along * (corners[1] - corners[0])
    upper = corners[2] + along * (corners[3] - corners[2])
    return lower + across * (upper - lower)


def _smooth(x: Floats) -> Floats:
    return x * x * (3 - 2 * x)


def _hash(x: Floats, y: Floats, salt: Hashes) -> Floats:
    """A value in [0, 1) for each pair of whole numbers, without visible order."""
    mixed = x.astype(np.int64).astype(np.uint32) * np.uint32(0x9E3779B1)
    mixed = (mixed ^ salt) * np.uint32(0x85EBCA77)
    mixed = mixed ^ (mixed >> np.uint32(15)) ^ y.astype(np.int64).astype(np.uint32)
    mixed = mixed * np.uint32(0xC2B2AE3D)
    mixed = (mixed ^ (mixed >> np.uint32(13))) * np.uint32(0x27D4EB2F)
    return (mixed ^ (mixed >> np.uint32(16))).astype(np.float64) / 4294967296.0
