"""A whole room, drawn at random: its shell, its furniture, its lights and a camera in it."""

from dataclasses import dataclass

from mdml_tune.data.rooms.camera import Camera, draw_camera
from mdml_tune.data.rooms.chance import Chance, Colour
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.lights import Light, draw_fills, draw_lamp
from mdml_tune.data.rooms.paint import Material
from mdml_tune.data.rooms.panels import Panel, draw_panels
from mdml_tune.data.rooms.pieces import Body
from mdml_tune.data.rooms.placing import furnish
from mdml_tune.data.rooms.shell import Face, draw_paint, draw_shell


@dataclass(frozen=True, slots=True)
class Room:
    shell: Hollow
    paint: dict[Face, Material]
    panels: list[Panel]
    bodies: list[Body]
    camera: Camera
    lamp: Light
    """Casts shadows."""
    fills: list[Light]
    """Too wide to cast any."""
    ambient: Colour
    exposure: float


def draw_room(chance: Chance) -> Room:
    shell = draw_shell(chance)
    camera = draw_camera(chance, shell)
    lamp, pendant = draw_lamp(chance, shell)
    near = camera.position.z + 0.6
    return Room(
        shell=shell,
        paint=draw_paint(chance),
        panels=draw_panels(chance, shell, near),
        bodies=pendant + furnish(chance, shell, camera.position),
        camera=camera,
        lamp=lamp,
        fills=draw_fills(chance, shell),
        ambient=chance.colour((0.1, 0.1, 0.1), (0.32, 0.32, 0.36)),
        exposure=chance.between(0.75, 1.25),
    )
