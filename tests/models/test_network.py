import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from mdml_tune.models.network import values_of
from mdml_tune.tasks import Task

RAMP = torch.tensor([[0.0, 4.0]]).view(1, 1, 1, 2)


def enlarged(raw_NCHW: Tensor) -> Tensor:
    return F.interpolate(raw_NCHW, size=(5, 7), mode="bilinear", align_corners=True)


def test_corners_keep_their_values() -> None:
    values = values_of(Task.EDGES, RAMP, (3, 5))
    assert_close(values, torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0]).expand(1, 1, 3, 5))


def test_raw_channels_are_enlarged_before_they_become_values() -> None:
    raw = torch.randn(2, 3, 2, 3)
    depth, normals = values_of(Task.DEPTH, raw[:, :1], (5, 7)), values_of(Task.NORMALS, raw, (5, 7))
    assert_close(depth, F.softplus(enlarged(raw[:, :1])))
    assert_close(normals, F.normalize(enlarged(raw), dim=1))


def test_half_precision_ends_before_the_enlarging() -> None:
    raw = torch.randn(1, 1, 2, 3).bfloat16()
    assert_close(values_of(Task.EDGES, raw, (5, 7)), enlarged(raw.float()), rtol=0, atol=0)
