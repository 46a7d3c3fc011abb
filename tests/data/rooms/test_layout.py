import numpy as np
import pytest

from mdml_tune.data.rooms.chance import Chance
from mdml_tune.data.rooms.geometry import Points, Rays
from mdml_tune.data.rooms.layout import Room, draw_room


@pytest.fixture(scope="module", params=range(60))
def room(request: pytest.FixtureRequest) -> Room:
    return draw_room(Chance(5, request.param))


def test_the_camera_stands_free(room: Room) -> None:
    x, y, z = room.camera.position
    assert 0 < x < room.shell.width
    assert 0 < y < room.shell.height
    assert 0 < z < room.shell.depth
    everywhere = Chance(0).noise((3, 4000))
    length = np.sqrt((everywhere**2).sum(axis=0))
    rays = Rays(room.camera.position, Points(*(everywhere / length)))
    for body in room.bodies:
        distances, _ = body.solid.enter(rays)
        assert distances.min() > 0.15


def test_the_camera_frame_is_a_rotation(room: Room) -> None:
    camera = room.camera
    axes = np.array([camera.right, camera.down, camera.ahead])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    vectors = Points(*np.eye(3))
    there_and_back = camera.from_world(camera.to_world(vectors))
    np.testing.assert_allclose(np.stack(there_and_back), np.eye(3), atol=1e-12)


def test_furniture_is_inside_the_room(room: Room) -> None:
    for body in room.bodies:
        centre, _ = body.solid.ball
        assert 0 < centre.x < room.shell.width
        assert 0 < centre.y < room.shell.height
        assert 0 < centre.z < room.shell.depth


def test_rooms_are_furnished_differently() -> None:
    counts = {len(draw_room(Chance(5, index)).bodies) for index in range(60)}
    assert len(counts) > 10
    assert min(counts) > 5
