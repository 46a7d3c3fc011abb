"""A network that stands still at some of its calls until it is let go on, and whoever lets it."""

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Gate:
    """A folder with a ticket of each network that stands still."""

    folder: Path

    def environment(self, *stops: str) -> dict[str, str]:
        """For whatever starts workers: their networks stop at each ``TASKS:CALL``."""
        self.folder.mkdir(exist_ok=True)
        paths = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            "PYTHONPATH": os.pathsep.join(paths),
            "MDML_TEST_GATE": str(self.folder),
            "MDML_TEST_STOPS": " ".join(stops),
        }

    def waiting(self, stop: str) -> list[Path]:
        return sorted(self.folder.glob(f"{stop}:*"))

    def open(self, stop: str, count: int | None = None) -> None:
        """Let ``count`` of those that stand still at ``stop`` go on, or all."""
        for ticket in self.waiting(stop)[:count]:
            ticket.unlink()


class Gated(nn.Module):
    """A convolution per task; it counts its calls."""

    def __init__(self, channels: dict[str, int]) -> None:
        super().__init__()
        self.outputs = nn.ModuleDict(
            {name: nn.Conv2d(3, n, 3, padding=1) for name, n in channels.items()}
        )
        self.calls = 0

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        self.calls += 1
        stand_still(f"{len(self.outputs)}:{self.calls}")
        return {name: head(torch.relu(images)) for name, head in self.outputs.items()}


def gated(channels: dict[str, int]) -> nn.Module:
    return Gated(channels)


def stand_still(here: str) -> None:
    if here not in os.environ["MDML_TEST_STOPS"].split():
        return
    ticket = Path(os.environ["MDML_TEST_GATE"]) / f"{here}:{uuid.uuid4().hex}"
    ticket.touch()
    while ticket.exists():
        time.sleep(0.05)
