import hashlib

import numpy as np
import pytest

from mdml_tune.data.rooms import CLASSES, Scene, render
from mdml_tune.data.split import SplitName

SIZE = (48, 64)
LABELS = ("segmentation", "depth", "normals", "edges", "albedo")


def digest(scene: Scene) -> str:
    arrays = (getattr(scene, name) for name in ("image", *LABELS))
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [render(0, SplitName.TRAIN, index, SIZE) for index in range(48)]


@pytest.fixture(scope="module")
def rays(scenes: list[Scene]) -> list[np.ndarray]:
    return [np.stack(scene.camera.rays(SIZE), axis=-1).reshape(*SIZE, 3) for scene in scenes]


def test_the_same_bits_everywhere_and_for_ever() -> None:
    # If this changes on purpose, raise RENDERER_VERSION.
    assert (
        digest(render(0, SplitName.TRAIN, 0, SIZE))
        == "409eb8edcdbef59b8ef6a9c3fd88b98ebd0920dc684355fcedb52344f2371e93"
    )
    assert (
        digest(render(7, SplitName.TEST, 3, (96, 64)))
        == "7ec11d18a26f45ce963297543f818a8f7c31f4c9d22530a4301502b96a4df18d"
    )


def test_streams_are_apart() -> None:
    drawn = {
        digest(render(seed, split, index, SIZE))
        for seed in (0, 1)
        for split in SplitName
        for index in (0, 1)
    }
    assert len(drawn) == 12


@pytest.mark.parametrize("index", range(6))
def test_another_size_shows_the_same_room(index: int) -> None:
    # Of three pixels, the middle one has the ray of the coarse pixel.
    coarse = render(0, SplitName.VAL, index, SIZE)
    fine = render(0, SplitName.VAL, index, (3 * SIZE[0], 3 * SIZE[1]))
    same = coarse.segmentation == fine.segmentation[1::3, 1::3]
    assert same.mean() > 0.999
    close = np.isclose(coarse.depth, fine.depth[1::3, 1::3], rtol=1e-5)
    assert close.mean() > 0.999
    assert np.isclose(coarse.albedo, fine.albedo[:, 1::3, 1::3], atol=1e-5).mean() > 0.995
    noise = coarse.image - fine.image[:, 1::3, 1::3]
    assert np.median(np.abs(noise)) < 0.04


def test_a_wider_image_sees_more_to_the_sides() -> None:
    narrow, wide = (render(0, SplitName.VAL, 0, (48, width)) for width in (48, 64))
    np.testing.assert_array_equal(narrow.depth, wide.depth[:, 8:-8])


def test_shapes_types_and_ranges(scenes: list[Scene]) -> None:
    for scene in scenes:
        for values, channels in ((scene.image, 3), (scene.normals, 3), (scene.albedo, 3)):
            assert values.shape == (channels, *SIZE)
            assert values.dtype == np.float32
        assert scene.segmentation.shape == scene.depth.shape == scene.edges.shape == SIZE
        assert scene.depth.dtype == scene.edges.dtype == np.float32
        assert scene.segmentation.dtype == np.int64
        for values in (scene.image, scene.albedo):
            assert values.min() >= 0
            assert values.max() <= 1
        assert set(np.unique(scene.edges)) == {0, 1}


def test_every_class_is_seen_often(scenes: list[Scene]) -> None:
    for number, name in enumerate(CLASSES):
        assert np.mean([(scene.segmentation == number).any() for scene in scenes]) > 0.6, name
    assert max(scene.segmentation.max() for scene in scenes) == len(CLASSES) - 1


def test_normals_are_unit_vectors_towards_the_camera(
    scenes: list[Scene], rays: list[np.ndarray]
) -> None:
    for scene, rays_HW3 in zip(scenes, rays, strict=True):
        normals = scene.normals.astype(np.float64)
        np.testing.assert_allclose((normals**2).sum(axis=0), 1, atol=1e-6)
        assert (normals * rays_HW3.transpose(2, 0, 1)).sum(axis=0).max() < 1e-6


def test_up_is_up_and_right_is_right(scenes: list[Scene]) -> None:
    # x grows to the right and y downwards: floors look up (-y), ceilings down (+y).
    for scene in scenes:
        x, y, z = (axis.reshape(SIZE) for axis in scene.camera.rays(SIZE))
        assert (np.diff(x, axis=1) > 0).all()
        assert (np.diff(y, axis=0) > 0).all()
        assert (z == 1).all()
        floor, ceiling = scene.segmentation == 1, scene.segmentation == 2
        assert scene.normals[1][floor].max() < -0.9
        assert scene.normals[1][ceiling].min(initial=1) > 0.9
        assert y[floor].min() > y[ceiling].max(initial=-9)


def test_depth_and_normals_tell_of_the_same_surface(
    scenes: list[Scene], rays: list[np.ndarray]
) -> None:
    # Inside a plane, the way to the next pixel is at right angles with the normal.
    for scene, rays_HW3 in zip(scenes, rays, strict=True):
        points = scene.depth[..., None].astype(np.float64) * rays_HW3
        normals = scene.normals.astype(np.float64).transpose(1, 2, 0)
        flat = (scene.edges[:, 1:] == 0) & (scene.edges[:, :-1] == 0)
        flat &= (normals[:, 1:] == normals[:, :-1]).all(axis=-1)
        across = ((points[:, 1:] - points[:, :-1]) * normals[:, 1:]).sum(axis=-1)
        assert flat.sum() > 300
        assert np.mean(np.abs(across[flat]) > 1e-5) < 0.03
        assert np.abs(across[flat]).max() < 0.04  # flush fronts, such as a cupboard's doors


def test_depth_is_within_the_room(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.depth.min() > 0.4
        assert scene.depth.max() < 7


def test_edges_are_where_surfaces_end(scenes: list[Scene]) -> None:
    # A turn of more than 30 degrees or a step of 30 cm along the normal, and nothing in a plane.
    for scene in scenes:
        cosines = (scene.normals[:, :, 1:] * scene.normals[:, :, :-1]).sum(axis=0)
        marked = (scene.edges[:, 1:] == 1) & (scene.edges[:, :-1] == 1)
        planar = (scene.segmentation[:, 1:] <= 2) & (scene.segmentation[:, :-1] <= 2)
        assert marked[planar & (cosines < 0.8)].all()
        floor = scene.segmentation == 1
        inside = floor[1:-1, 1:-1] & floor[2:, 1:-1] & floor[:-2, 1:-1]
        inside &= floor[1:-1, 2:] & floor[1:-1, :-2]
        assert not scene.edges[1:-1, 1:-1][inside].any()


def test_paint_makes_no_edge(scenes: list[Scene]) -> None:
    # Pictures (4) hang flat on walls (0).
    outlines = [
        scene.edges[:, 1:][(scene.segmentation[:, 1:] == 4) & (scene.segmentation[:, :-1] == 0)]
        for scene in scenes
    ]
    assert np.concatenate(outlines).mean() < 0.25


def test_albedo_is_not_the_image(scenes: list[Scene]) -> None:
    # Neither the image nor its light, undone by the best factor, comes near the paint.
    images = np.stack([scene.image for scene in scenes])
    albedo = np.stack([scene.albedo for scene in scenes])
    guesses = [factor * images**power for power in (1, 2) for factor in np.linspace(0.4, 2, 33)]
    assert min(np.abs(guess - albedo).mean() for guess in guesses) > 0.1


def test_light_falls_on_paint_of_every_brightness(scenes: list[Scene]) -> None:
    means = [scene.image.mean() for scene in scenes]
    assert min(means) > 0.2
    assert max(means) < 0.8
    assert np.std(means) > 0.05
