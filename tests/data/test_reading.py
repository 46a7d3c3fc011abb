from collections.abc import Callable
from pathlib import Path

import numpy as np

from mdml_tune.data.layouts import NYUV2
from mdml_tune.data.npy_source import open_npy
from mdml_tune.data.reading import read_all
from mdml_tune.data.source import OfficialSplit
from mdml_tune.errors import DataError


def test_reading_ahead_keeps_the_order_and_the_errors(
    make_npy: Callable[..., Path], tmp_path: Path
) -> None:
    root = make_npy(tmp_path, ("image", "depth"), {"train": 30, "val": 1})
    for number in range(30):
        np.save(root / f"train/image/{number}.npy", np.full((8, 16, 3), number, "u1"))
    np.save(root / "train/depth/17.npy", np.full((8, 16), -1.0))
    outcomes = list(read_all(open_npy(root, NYUV2), OfficialSplit.TRAIN))
    assert isinstance(outcomes[17], DataError)
    assert "train/depth/17.npy holds values from -1 to -1" in str(outcomes.pop(17))
    levels = [round(255 * float(example.image[0, 0, 0])) for example in outcomes]
    assert levels == [*range(17), *range(18, 30)]
