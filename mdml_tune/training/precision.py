"""In how many bits networks compute."""

from contextlib import AbstractContextManager
from typing import Literal

import torch

Precision = Literal["fp32", "bf16"]


def computing(precision: Precision, device: torch.device) -> AbstractContextManager[object]:
    """Inside, networks compute in bfloat16 where autocast thinks it safe, if ``bf16``.

    Heads return float32, so that losses, divergences and angles never see fewer bits. bfloat16 has
    float32's range: no gradient scaler is needed.
    """
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
