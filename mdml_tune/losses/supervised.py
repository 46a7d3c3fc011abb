"""What a network pays for missing the label: one loss per task.

Shape suffixes: N images, C channels or classes, H height, W width.
"""

import torch.nn.functional as F
from torch import Tensor

from mdml_tune.losses.masked import masked_mean
from mdml_tune.tasks import Task


def supervised_loss(
    task: Task, prediction_NCHW: Tensor, target: Tensor, valid_NHW: Tensor
) -> Tensor:
    """Mean loss per labelled pixel, a scalar.

    Cross-entropy in nats (segmentation, edges), L1 in the data's unit (depth) or as a fraction
    averaged over colours (albedo), 1 - cosine (normals): the losses of MTAN (Liu et al. 2019,
    arXiv:1803.10704, section 4.1) and their kin.

    Args:
        task: What is predicted.
        prediction_NCHW: As ``models.heads.Predictions`` says.
        target: Class ids of shape (N, H, W) for segmentation, else (N, C, H, W).
        valid_NHW: True where the pixel has a label; elsewhere ``target`` may hold anything.
    """
    # Where there is no label there may be anything, even NaN, which a gradient of 0 times would keep.
    target = target.where(valid_NHW if target.dim() == valid_NHW.dim() else valid_NHW[:, None], 0)
    match task:
        case Task.SEGMENTATION:
            loss_NHW = F.cross_entropy(prediction_NCHW, target, reduction="none")
        case Task.DEPTH | Task.ALBEDO:
            loss_NHW = (prediction_NCHW - target).abs().mean(dim=1)
        case Task.NORMALS:
            loss_NHW = 1 - (prediction_NCHW * target).sum(dim=1)
        case Task.EDGES:
            loss_NHW = F.binary_cross_entropy_with_logits(
                prediction_NCHW, target, reduction="none"
            ).mean(dim=1)
    return masked_mean(loss_NHW, valid_NHW)
