"""Tables, seats and cabinets: pieces put together from solids, in their own axes.

A piece stands on y = 0 with its centre at x = z = 0, faces -z, and has its back at +z.
"""

from mdml_tune.data.rooms.chance import Chance
from mdml_tune.data.rooms.classes import ClassName
from mdml_tune.data.rooms.ornaments import small_things
from mdml_tune.data.rooms.paint import Pattern, material
from mdml_tune.data.rooms.pieces import (
    Body,
    Piece,
    Place,
    any_colour,
    cloth,
    upright_box,
    wood,
    wood_or_paint,
)
from mdml_tune.data.rooms.solids import Frustum


def table(chance: Chance) -> Piece:
    """A rectangular one on four legs, with or without something on it."""
    width, depth = chance.between(0.45, 0.85), chance.between(0.3, 0.5)
    height, thick = chance.between(0.5, 0.8), chance.between(0.04, 0.08)
    stuff = wood_or_paint(chance)
    leg = chance.between(0.03, 0.05)
    things = small_things(chance, width, depth)

    def build(place: Place) -> list[Body]:
        slab = upright_box(place, (0, height - thick / 2, 0), (width, thick / 2, depth))
        legs = [
            upright_box(
                place,
                (x * (width - leg), (height - thick) / 2, z * (depth - leg)),
                (leg, (height - thick) / 2, leg),
            )
            for x in (-0.97, 0.97)
            for z in (-0.97, 0.97)
        ]
        own = [Body(solid, ClassName.TABLE, stuff) for solid in (slab, *legs)]
        return own + things(place._replace(y=place.y + height))

    return Piece(width, depth, height, build)


def round_table(chance: Chance) -> Piece:
    radius, height = chance.between(0.35, 0.6), chance.between(0.5, 0.76)
    stuff, pole = wood_or_paint(chance), chance.between(0.04, 0.08)
    things = small_things(chance, radius * 0.7, radius * 0.7)

    def build(place: Place) -> list[Body]:
        solids = (
            Frustum(place.out(0, height - 0.05, 0), 0.05, radius, radius),
            Frustum(place.out(0, 0.03, 0), height - 0.08, pole, pole),
            Frustum(place.out(0, 0, 0), 0.03, radius * 0.6, radius * 0.6),
        )
        own = [Body(solid, ClassName.TABLE, stuff) for solid in solids]
        return own + things(place._replace(y=place.y + height))

    return Piece(radius, radius, height, build)


def chair(chance: Chance) -> Piece:
    half, seat, back = (
        chance.between(0.2, 0.25),
        chance.between(0.4, 0.48),
        chance.between(0.8, 1.0),
    )
    stuff, leg = wood_or_paint(chance), 0.025

    def build(place: Place) -> list[Body]:
        legs = [
            upright_box(
                place,
                (x * (half - leg), (seat - 0.05) / 2, z * (half - leg)),
                (leg, (seat - 0.05) / 2, leg),
            )
            for x in (-0.97, 0.97)
            for z in (-0.97, 0.97)
        ]
        solids = (
            upright_box(place, (0, seat - 0.025, 0), (half, 0.025, half)),
            upright_box(
                place, (0, (seat + back) / 2, half - 0.03), (half * 0.96, (back - seat) / 2, 0.025)
            ),
            *legs,
        )
        return [Body(solid, ClassName.SEAT, stuff) for solid in solids]

    return Piece(half, half, back, build)


def sofa(chance: Chance) -> Piece:
    """From an armchair to a three-seater."""
    width, depth = chance.one_of((0.42, 0.75, 0.98)), chance.between(0.38, 0.46)
    seat, back, arm = 0.42, chance.between(0.72, 0.9), chance.between(0.07, 0.12)
    stuff, cushion = cloth(chance), cloth(chance)
    cushion_at = chance.between(-0.6, 0.6) * (width - arm - 0.2)
    has_cushion = chance.happens(0.6)

    def build(place: Place) -> list[Body]:
        solids = [
            upright_box(place, (0, seat / 2, -0.04), (width - arm * 0.9, seat / 2, depth - 0.06)),
            upright_box(place, (0, back / 2, depth - 0.1), (width * 0.98, back / 2, 0.1)),
            *(
                upright_box(place, (x * (width - arm), 0.31, -0.01), (arm, 0.31, depth - 0.02))
                for x in (-1, 1)
            ),
        ]
        own = [Body(solid, ClassName.SEAT, stuff) for solid in solids]
        if has_cushion:
            pillow = upright_box(place, (cushion_at, seat + 0.16, depth - 0.26), (0.19, 0.16, 0.06))
            own.append(Body(pillow, ClassName.SEAT, cushion))
        return own

    return Piece(width, depth, back, build)


def cupboard(chance: Chance) -> Piece:
    """A wardrobe or a sideboard, with two doors; something may stand on a low one."""
    low = chance.happens(0.5)
    height = chance.between(0.6, 0.95) if low else chance.between(1.5, 2.1)
    width, depth = chance.between(0.45, 0.8), chance.between(0.2, 0.3)
    shell, front = wood_or_paint(chance), wood_or_paint(chance)
    things = small_things(chance, width, depth * 0.6)

    def build(place: Place) -> list[Body]:
        body = Body(
            upright_box(place, (0, height / 2, 0.01), (width, height / 2, depth - 0.02)),
            ClassName.CABINET,
            shell,
        )
        doors = [
            Body(
                upright_box(
                    place,
                    (x * width / 2, height / 2 + 0.03, 0.041 - depth),
                    (width / 2 - 0.025, height / 2 - 0.07, 0.015),
                ),
                ClassName.CABINET,
                front,
            )
            for x in (-1, 1)
        ]
        return [body, *doors, *(things(place._replace(y=place.y + height)) if low else [])]

    return Piece(width, depth, height, build)


def bookcase(chance: Chance) -> Piece:
    width, depth, height = chance.between(0.35, 0.6), 0.17, chance.between(1.2, 2.0)
    shelves = chance.whole(3, 4)
    boards_of = wood(chance)
    gap = height / shelves
    books = [
        material(
            chance,
            Pattern.SPINES,
            any_colour(chance),
            any_colour(chance),
            third=any_colour(chance),
            cell=(chance.between(0.04, 0.09), 9.0),
        )
        for _ in range(shelves)
    ]
    filled = [(chance.between(0.4, 0.95), chance.between(0.6, 0.85)) for _ in range(shelves)]

    def build(place: Place) -> list[Body]:
        back = upright_box(place, (0, height / 2, depth - 0.02), (width, height / 2, 0.02))
        sides = [
            upright_box(
                place, (x * (width - 0.015), height / 2, -0.02), (0.015, height / 2, depth - 0.02)
            )
            for x in (-1, 1)
        ]
        boards = [
            upright_box(
                place,
                (0, min(k * gap + 0.015, height - 0.015), -0.03),
                (width - 0.03, 0.015, depth - 0.03),
            )
            for k in range(shelves + 1)
        ]
        rows = [
            upright_box(
                place,
                ((share - 1) * (width - 0.04), (k + tall / 2) * gap + 0.02, 0.01),
                (share * (width - 0.04), tall * gap / 2 - 0.01, depth - 0.06),
            )
            for k, (share, tall) in enumerate(filled)
        ]
        frame = [Body(solid, ClassName.CABINET, boards_of) for solid in (back, *sides, *boards)]
        return frame + [
            Body(row, ClassName.CABINET, book) for row, book in zip(rows, books, strict=True)
        ]

    return Piece(width, depth, height, build)
