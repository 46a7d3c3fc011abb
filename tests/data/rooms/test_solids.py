import numpy as np
import pytest

from mdml_tune.data.rooms.chance import Chance, Turn
from mdml_tune.data.rooms.geometry import Point, Points, Rays, Solid
from mdml_tune.data.rooms.hollow import Hollow
from mdml_tune.data.rooms.raycast import first_hits, reached
from mdml_tune.data.rooms.solids import Ball, Box, Frustum

AHEAD = Turn(1, 0)
EYE = Point(0, 0, 0)
BATTERY: list[Solid] = [
    Box(Point(0.3, 0.2, 4), Point(0.5, 0.7, 0.4), Turn.of_half_tangent(0.3)),
    Frustum(Point(-0.2, -0.5, 4), 1.2, 0.7, 0.3),
    Frustum(Point(0.1, -0.5, 4), 1.0, 0.4, 0.4),
    Frustum(Point(0.1, -0.6, 4), 1.1, 0.6, 0.0),
    Ball(Point(0.1, -0.2, 4), 0.8),
]


def rays_to(*targets: tuple[float, float, float], origin: Point = EYE) -> Rays:
    x, y, z = np.array(targets, dtype=np.float64).T
    return Rays(origin, Points(x - origin.x, y - origin.y, z - origin.z))


def fan(count: int = 2000) -> Rays:
    noise = Chance(1).noise((2, count)) * 0.2
    return Rays(Point(0, 0.4, 0), Points(noise[0], noise[1] - 0.1, np.ones(count)))


def test_ball_by_hand() -> None:
    # Centre 5 m ahead, radius 3: straight ahead 2 m; 3-4-5 ray to (3, 0, 4) grazes beside it.
    ball = Ball(Point(0, 0, 5), 3)
    distances, _ = ball.enter(rays_to((0, 0, 1), (0, 0, -1), (4, 0, 1)))
    assert distances.tolist() == [2, np.inf, np.inf]
    # x = 0.5 z meets (z / 2)^2 + (z - 5)^2 = 9 first at z = 4 - sqrt(3.2).
    distances, _ = ball.enter(rays_to((0.5, 0, 1)))
    assert distances[0] == pytest.approx(4 - 3.2**0.5)


def test_box_by_hand() -> None:
    box = Box(Point(0, 0, 5), Point(1, 2, 3), AHEAD)
    distances, faces = box.enter(rays_to((0, 0, 1), (1.01, 0, 2), (0.99, 0, 2)))
    assert distances.tolist() == [2, np.inf, 1]
    assert faces[0] == faces[2] == 4
    # A quarter turn swaps width and depth.
    turned = Box(Point(0, 0, 5), Point(1, 2, 3), Turn(0, 1))
    assert turned.enter(rays_to((0, 0, 1)))[0].tolist() == [4]
    # From above.
    distances, faces = box.enter(rays_to((0, 0, 5), origin=Point(0, 4, 5)))
    assert (distances * 4).tolist() == [2]
    assert faces.tolist() == [3]


def test_cone_by_hand() -> None:
    # Radius 1 at the foot, 0 one metre up: at height 0.25 it is 0.75 wide.
    cone = Frustum(Point(0, 0, 5), 1, 1, 0)
    distances, faces = cone.enter(rays_to((0, 0.25, 1), (0, 1.01, 1), origin=Point(0, 0.25, 0)))
    assert distances[0] == pytest.approx(4.25)
    assert distances[1] == np.inf
    skin = cone.skin(Points(*(np.array([v]) for v in (0.0, 0.25, 4.25))), faces[:1])
    assert [axis.item() for axis in skin.normals] == pytest.approx([0, 0.5**0.5, -(0.5**0.5)])


def test_cylinder_by_hand() -> None:
    can = Frustum(Point(0, 1, 5), 2, 1, 1)
    distances, faces = can.enter(rays_to((0, 2, 1), (0, 0.9, 1), origin=Point(0, 2, 0)))
    assert distances.tolist() == [4, np.inf]
    distances, faces = can.enter(rays_to((0.5, 3, 5), (0.5, 5, 5), origin=Point(0.5, 4, 5)))
    assert distances.tolist() == [1, np.inf]
    assert faces[0] == 2


def test_room_by_hand() -> None:
    room = Hollow(4, 3, 6)
    distances, faces = room.leave(rays_to((2, 1, 2), (1, 1, 1), (2, 2, 1), origin=Point(2, 1, 1)))
    assert distances.tolist() == [5, 2, 2]
    assert faces.tolist() == [5, 0, 3]


@pytest.mark.parametrize("solid", BATTERY)
def test_normals_are_unit_and_face_the_ray(solid: Solid) -> None:
    rays = fan()
    distances, faces = solid.enter(rays)
    hit = np.flatnonzero(np.isfinite(distances))
    assert 50 < hit.size < 1950
    rays = Rays(rays.origin, rays.directions.at(hit))
    normals = solid.skin(rays.points(distances[hit]), faces[hit]).normals
    np.testing.assert_allclose(sum(axis**2 for axis in normals), 1, atol=1e-9)
    facing = sum(n * d for n, d in zip(normals, rays.directions, strict=True))
    assert facing.max() < 1e-9


@pytest.mark.parametrize("solid", BATTERY)
def test_where_rays_enter_is_on_the_surface(solid: Solid) -> None:
    # Nothing of a convex body is in front of its tangent planes.
    rays = fan()
    distances, faces = solid.enter(rays)
    hit = np.flatnonzero(np.isfinite(distances))
    points = Rays(rays.origin, rays.directions.at(hit)).points(distances[hit])
    normals = solid.skin(points, faces[hit]).normals
    offsets = sum(n * p for n, p in zip(normals, points, strict=True))
    heights = sum(np.multiply.outer(n, p) for n, p in zip(normals, points, strict=True))
    assert (heights - offsets[:, None]).max() < 1e-9


@pytest.mark.parametrize("solid", BATTERY)
def test_the_ball_around_holds_the_body(solid: Solid) -> None:
    rays = fan()
    distances, _ = solid.enter(rays)
    hit = np.flatnonzero(np.isfinite(distances))
    points = Rays(rays.origin, rays.directions.at(hit)).points(distances[hit])
    centre, radius = solid.ball
    away = sum((p - c) ** 2 for p, c in zip(points, centre, strict=True))
    assert away.max() <= radius**2 + 1e-9


def test_the_nearest_body_wins_and_the_cheap_test_loses_none() -> None:
    rays, room = fan(), Hollow(20, 20, 20)
    hits = first_hits(rays, room, BATTERY)
    every = np.stack([room.leave(rays)[0], *(solid.enter(rays)[0] for solid in BATTERY)])
    np.testing.assert_array_equal(hits.distances, every.min(axis=0))
    np.testing.assert_array_equal(hits.owners, every.argmin(axis=0))


def test_light_is_stopped_between_but_not_behind() -> None:
    ball = Ball(Point(0, 0, 5), 1)
    rays = rays_to((0, 0, 3.9), (0, 0, 4), (0, 0, 7), (3, 0, 5))
    assert reached(rays, [ball]).tolist() == [True, True, False, True]


@pytest.mark.parametrize("t", [-1.0, -0.3, 0.0, 0.5, 1.0])
def test_turns_are_rotations(t: float) -> None:
    turn = Turn.of_half_tangent(t)
    assert turn.cos**2 + turn.sin**2 == pytest.approx(1)
    assert np.arctan2(turn.sin, turn.cos) == pytest.approx(2 * np.arctan(t))
