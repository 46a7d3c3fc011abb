"""Lamps, plants, balls, and the small things that stand on furniture."""

from collections.abc import Callable

from mdml_tune.data.rooms.chance import Chance
from mdml_tune.data.rooms.classes import ClassName
from mdml_tune.data.rooms.paint import Pattern, material
from mdml_tune.data.rooms.pieces import (
    Body,
    Piece,
    Place,
    any_colour,
    cloth,
    plain_paint,
    upright_box,
)
from mdml_tune.data.rooms.solids import Ball, Frustum


def floor_lamp(chance: Chance) -> Piece:
    height, shade = chance.between(1.3, 1.7), chance.between(0.16, 0.24)
    metal = material(chance, Pattern.PLAIN, (0.2, 0.2, 0.2), (0.5, 0.45, 0.4), gloss=0.6)
    shade_of = cloth(chance)

    def build(place: Place) -> list[Body]:
        return [
            Body(Frustum(place.out(0, 0, 0), 0.03, 0.14, 0.13), ClassName.ORNAMENT, metal),
            Body(
                Frustum(place.out(0, 0.03, 0), height - 0.2, 0.018, 0.018),
                ClassName.ORNAMENT,
                metal,
            ),
            Body(
                Frustum(place.out(0, height - 0.28, 0), 0.28, shade, shade * 0.6),
                ClassName.ORNAMENT,
                shade_of,
            ),
        ]

    return Piece(shade, shade, height, build)


def plant(chance: Chance) -> Piece:
    pot, tall = chance.between(0.13, 0.2), chance.between(0.25, 0.4)
    leaves = material(
        chance,
        Pattern.MOTTLED,
        (0.05, 0.2, 0.05),
        (0.2, 0.45, 0.1),
        third=(0.1, 0.3, 0.12),
        cell=(0.1, 0.1),
    )
    clay = plain_paint(chance, gloss=0.3)
    crown = chance.between(0.22, 0.32)
    conifer = chance.happens(0.4)

    def build(place: Place) -> list[Body]:
        foliage = (
            [Frustum(place.out(0, tall, 0), 3 * crown, crown, 0.0)]
            if conifer
            else [
                Ball(place.out(0, tall + 0.75 * crown, 0), crown),
                Ball(place.out(0.3 * crown, tall + 1.7 * crown, 0.2 * crown), 0.75 * crown),
            ]
        )
        return [
            Body(Frustum(place.out(0, 0, 0), tall, pot * 0.75, pot), ClassName.ORNAMENT, clay),
            *(Body(solid, ClassName.ORNAMENT, leaves) for solid in foliage),
        ]

    return Piece(crown, crown, tall + 3 * crown, build)


def toy_ball(chance: Chance) -> Piece:
    radius = chance.between(0.12, 0.25)
    stuff = cloth(chance, gloss=0.7)

    def build(place: Place) -> list[Body]:
        return [Body(Ball(place.out(0, radius, 0), radius), ClassName.ORNAMENT, stuff)]

    return Piece(radius, radius, 2 * radius, build)


def small_things(chance: Chance, width: float, depth: float) -> Callable[[Place], list[Body]]:
    """Nothing, or a few ornaments on a surface of ``width`` by ``depth`` (half sides)."""
    count = chance.whole(0, 2)
    makers = [chance.one_of((_vase, _bowl, _books))(chance) for _ in range(count)]
    spots = [
        (chance.between(0.1, 0.7) * side * width, chance.between(-0.5, 0.5) * depth)
        for side in (-1, 1)
    ]

    def build(place: Place) -> list[Body]:
        return [
            body
            for (x, z), make in zip(spots, makers, strict=False)
            for body in make(Place(*place.out(x, 0, z), place.turn))
        ]

    return build


def _vase(chance: Chance) -> Callable[[Place], list[Body]]:
    height, low, high = (
        chance.between(0.2, 0.4),
        chance.between(0.05, 0.1),
        chance.between(0.04, 0.12),
    )
    stuff = plain_paint(chance, gloss=0.8)
    return lambda place: [
        Body(Frustum(place.out(0, 0, 0), height, low, high), ClassName.ORNAMENT, stuff)
    ]


def _bowl(chance: Chance) -> Callable[[Place], list[Body]]:
    radius, stuff = chance.between(0.07, 0.14), plain_paint(chance, gloss=0.8)
    return lambda place: [Body(Ball(place.out(0, radius, 0), radius), ClassName.ORNAMENT, stuff)]


def _books(chance: Chance) -> Callable[[Place], list[Body]]:
    half, tall = (chance.between(0.1, 0.16), chance.between(0.07, 0.12)), chance.between(0.04, 0.15)
    stuff = material(
        chance,
        Pattern.SPINES,
        any_colour(chance),
        any_colour(chance),
        third=any_colour(chance),
        cell=(9.0, 0.04),
    )
    return lambda place: [
        Body(
            upright_box(place, (0, tall / 2, 0), (half[0], tall / 2, half[1])),
            ClassName.ORNAMENT,
            stuff,
        )
    ]
