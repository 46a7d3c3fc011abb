"""Means over the pixels that count.

Shape suffixes: N images, H height, W width.
"""

from torch import Tensor


def masked_mean(values_NHW: Tensor, valid_NHW: Tensor) -> Tensor:
    """Mean over valid pixels, so that neither batch nor image size changes a loss.

    Exactly 0, with gradient 0, when no pixel is valid. A value that is not finite under an
    invalid pixel does no harm.
    """
    return values_NHW.where(valid_NHW, 0).sum() / valid_NHW.sum().clamp(min=1)
