"""What is flat on the faces of a room: a rug, skirting boards, a door, windows, pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from mdml_tune.data.rooms.chance import Chance, Colour
from mdml_tune.data.rooms.classes import ClassName
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.paint import Material, Pattern, material
from mdml_tune.data.rooms.shell import Face


@dataclass(frozen=True, slots=True)
class Panel:
    """A painted rectangle on a face of the room: it changes class and colour, not the shape."""

    face: Face
    u: tuple[float, float]
    v: tuple[float, float]
    class_name: ClassName
    material: Material


def draw_panels(chance: Chance, shell: Hollow, near: float) -> list[Panel]:
    """Skirting, a rug, a door, windows and pictures; none on a wall nearer than z = ``near``."""
    panels = [*_skirting(chance, shell)]
    if chance.happens(0.6):
        panels += _rug(chance, shell, near)
    spans = {
        Face.LEFT: (near, shell.depth),
        Face.RIGHT: (near, shell.depth),
        Face.AHEAD: (0.0, shell.width),
    }
    makers = [_door, _window, _pictures, _pictures]
    for face, make in zip(chance.shuffled(list(spans)), makers, strict=False):
        panels += make(chance, face, spans[face], shell.height)
    return panels


def _skirting(chance: Chance, shell: Hollow) -> Sequence[Panel]:
    high = chance.between(0.06, 0.12)
    white = material(chance, Pattern.PLAIN, (0.85, 0.85, 0.82), (0.8, 0.8, 0.8))
    ends = {
        Face.LEFT: shell.depth,
        Face.RIGHT: shell.depth,
        Face.AHEAD: shell.width,
        Face.BEHIND: shell.width,
    }
    return [Panel(face, (0, end), (0, high), ClassName.WALL, white) for face, end in ends.items()]


def _rug(chance: Chance, shell: Hollow, near: float) -> list[Panel]:
    pattern = chance.one_of((Pattern.STRIPES, Pattern.CHECKS, Pattern.MOTTLED))
    colours = [chance.colour((0.1, 0.1, 0.1), (0.75, 0.7, 0.7)) for _ in range(3)]
    size = chance.between(0.12, 0.3)
    inner = material(chance, pattern, colours[0], colours[1], third=colours[2], cell=(size, size))
    border = material(chance, Pattern.PLAIN, colours[2], colours[2])
    half_x, half_z = chance.between(0.6, 1.2), chance.between(0.5, 1.0)
    x, z = shell.width * chance.between(0.35, 0.65), chance.between(near + 1, shell.depth - 1)
    return [
        Panel(
            Face.FLOOR,
            (x - half_x + e, x + half_x - e),
            (z - half_z + e, z + half_z - e),
            ClassName.FLOOR,
            stuff,
        )
        for e, stuff in ((0.0, border), (0.08, inner))
    ]


def _door(chance: Chance, face: Face, span: tuple[float, float], height: float) -> list[Panel]:
    half, top = chance.between(0.4, 0.5), min(chance.between(1.95, 2.1), height - 0.2)
    middle = chance.between(span[0] + half + 0.2, span[1] - half - 0.2)
    colour = chance.colour((0.2, 0.15, 0.1), (0.9, 0.85, 0.8))
    dark: Colour = (colour[0] * 0.75, colour[1] * 0.75, colour[2] * 0.75)
    leaf = material(chance, Pattern.PLAIN, colour, dark, gloss=0.2)
    inset = material(chance, Pattern.PLAIN, dark, colour, gloss=0.2)
    frame = material(chance, Pattern.PLAIN, (0.85, 0.85, 0.8), (0.8, 0.8, 0.75))
    knob = material(chance, Pattern.PLAIN, (0.7, 0.6, 0.2), (0.6, 0.5, 0.2), gloss=1.0)
    left, right = middle - half, middle + half
    rectangles = (
        ((left - 0.07, right + 0.07), (0.0, top + 0.07), frame),
        ((left, right), (0.0, top), leaf),
        ((left + 0.12, right - 0.12), (0.15, 0.42 * top), inset),
        ((left + 0.12, right - 0.12), (0.55 * top, top - 0.12), inset),
        ((right - 0.1, right - 0.03), (0.96, 1.04), knob),
    )
    return [Panel(face, u, v, ClassName.OPENING, stuff) for u, v, stuff in rectangles]


def _window(chance: Chance, face: Face, span: tuple[float, float], height: float) -> list[Panel]:
    half, low = chance.between(0.45, 0.8), chance.between(0.75, 1.0)
    high = min(chance.between(1.9, 2.2), height - 0.15)
    middle = chance.between(span[0] + half + 0.15, span[1] - half - 0.15)
    left, right = middle - half, middle + half
    frame = material(chance, Pattern.PLAIN, (0.9, 0.9, 0.88), (0.8, 0.8, 0.8))
    grey = chance.between(0.45, 0.75)
    sky = material(
        chance,
        Pattern.MOTTLED,
        (0.45 * grey, 0.7 * grey, grey),
        (grey, grey, grey),
        third=(0.4 * grey, 0.6 * grey, grey),
        cell=(0.9, 0.5),
        gloss=0.8,
    )
    land = material(
        chance, Pattern.MOTTLED, (0.12, 0.3, 0.1), (0.3, 0.4, 0.15), cell=(0.3, 0.2), gloss=0.8
    )
    columns, horizon = chance.whole(2, 3), low + (high - low) * chance.between(0.2, 0.45)
    edge, pane = 0.05, (2 * half - 0.05) / columns
    panels = [
        Panel(
            face, (left - 0.05, right + 0.05), (low - 0.08, high + 0.06), ClassName.OPENING, frame
        )
    ]
    for k in range(columns):
        u = (left + edge + k * pane, left + (k + 1) * pane)
        panels.append(Panel(face, u, (low, high), ClassName.OPENING, sky))
        panels.append(Panel(face, u, (low, horizon), ClassName.OPENING, land))
    return panels


def _pictures(chance: Chance, face: Face, span: tuple[float, float], height: float) -> list[Panel]:
    """One to three of them, side by side."""
    count = chance.whole(1, 3)
    share = (span[1] - span[0]) / count
    panels: list[Panel] = []
    for k in range(count):
        half_u = min(chance.between(0.2, 0.5), share / 2 - 0.1)
        half_v = chance.between(0.2, 0.38)
        slack = share / 2 - half_u - 0.05
        u = span[0] + (k + 0.5) * share + slack * chance.between(-0.8, 0.8)
        v = min(chance.between(1.4, 1.75), height - half_v - 0.1)
        panels += _picture(chance, face, (u, v), (half_u, half_v))
    return panels


def _picture(
    chance: Chance, face: Face, middle: tuple[float, float], half: tuple[float, float]
) -> list[Panel]:
    colours = [chance.colour((0.02, 0.02, 0.02), (0.9, 0.85, 0.8)) for _ in range(3)]
    pattern = chance.one_of((Pattern.MOTTLED, Pattern.MOTTLED, Pattern.STRIPES, Pattern.SPINES))
    size = chance.between(0.1, 0.3)
    art = material(chance, pattern, colours[0], colours[1], third=colours[2], cell=(size, size))
    frame = chance.colour((0.02, 0.02, 0.02), (0.6, 0.45, 0.3))
    mount = material(chance, Pattern.PLAIN, (0.85, 0.84, 0.8), (0.8, 0.8, 0.8))
    rings = (
        (0.0, material(chance, Pattern.PLAIN, frame, frame, gloss=0.4)),
        (0.035, mount),
        (0.08, art),
    )
    return [
        Panel(
            face,
            (middle[0] - half[0] + e, middle[0] + half[0] - e),
            (middle[1] - half[1] + e, middle[1] + half[1] - e),
            ClassName.PICTURE,
            stuff,
        )
        for e, stuff in rings
    ]
