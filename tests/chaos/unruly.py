"""A network that behaves, until something outside tells it not to: by a file in its folder."""

import ctypes
import os
import time
from pathlib import Path

import torch
from torch import Tensor, nn


class Unruly(nn.Module):
    """A convolution per task, wide enough to learn a little."""

    def __init__(self, channels: dict[str, int], width: int) -> None:
        super().__init__()
        self.trunk = nn.Conv2d(3, width, 3, padding=1)
        self.outputs = nn.ModuleDict({name: nn.Conv2d(width, n, 1) for name, n in channels.items()})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        misbehave()
        x = torch.relu(self.trunk(images))
        return {name: head(x) for name, head in self.outputs.items()}


def unruly(channels: dict[str, int], width: int = 4) -> nn.Module:
    return Unruly(channels, width)


def misbehave() -> None:
    """What the file ``orders`` says, if there is one: each order as often as it has lines."""
    orders = Path(os.environ["MDML_TEST_ORDERS"])
    if not orders.exists():
        return
    first, *rest = orders.read_text().split("\n")
    if rest and any(rest):
        orders.write_text("\n".join(rest))
    else:
        orders.unlink()
    match first:
        case "crash":
            crash_in_native_code()
        case "raise":
            raise ValueError("the network broke")
        case "hang":
            hang_for_ever()
        case "hoard":
            hoard()


def crash_in_native_code() -> None:
    ctypes.string_at(0)


def hang_for_ever() -> None:
    while True:
        time.sleep(1)


def hoard() -> None:
    """More memory than the test allows, until somebody notices."""
    held: list[bytearray] = []
    for _ in range(700):
        held.append(bytearray(os.urandom(1)) * (16 << 20))
        time.sleep(0.02)
    time.sleep(60)
