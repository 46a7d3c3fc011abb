"""Small data sets in the field's layout."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

SHAPES = {
    "image": (3,),
    "label": (),
    "label_7": (),
    "label_19": (),
    "depth": (1,),
    "normal": (3,),
}
CLASSES = {"label": 13, "label_7": 7, "label_19": 19}


@pytest.fixture
def make_npy() -> Callable[..., Path]:
    """Writes `{train,val}/KIND/{i}.npy` and returns the root."""

    def make(
        root: Path,
        kinds: tuple[str, ...] = ("image", "label", "depth", "normal"),
        counts: Mapping[str, int] | None = None,
        size: tuple[int, int] = (8, 16),
        seed: int = 0,
    ) -> Path:
        for split, count in (counts or {"train": 5, "val": 2}).items():
            for number in range(count):
                chance = np.random.default_rng([seed, len(split), number])
                for kind in kinds:
                    path = root / split / kind / f"{number}.npy"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    np.save(path, draw(kind, size, chance))
        return root

    return make


def draw(kind: str, size: tuple[int, int], chance: np.random.Generator) -> np.ndarray:
    if kind in CLASSES:
        return chance.integers(-1, CLASSES[kind], size)
    values = chance.uniform(0.1, 1, (*size, *SHAPES[kind])).astype("f4")
    if kind == "normal":
        values /= np.linalg.norm(values, axis=-1, keepdims=True)
    values[0, 0] = 0
    return values
