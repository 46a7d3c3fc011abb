"""What two passes of one network under different dropout pay for disagreeing.

Shape suffixes: N images, C channels or classes, H height, W width.
"""

import torch.nn.functional as F
from torch import Tensor

from mdml_tune.losses.masked import masked_mean
from mdml_tune.tasks import Task


def agreement_loss(
    task: Task, first_NCHW: Tensor, second_NCHW: Tensor, valid_NHW: Tensor
) -> Tensor:
    """Mean disagreement per labelled pixel, a scalar; gradients reach both passes.

    R-Drop (Liang et al. 2021, arXiv:2106.14448, section 2): half the sum of the two KL divergences
    where the output is a distribution (segmentation, edges; nats), the mean squared difference
    where it is a number (depth, albedo, normals).
    """
    match task:
        case Task.SEGMENTATION:
            first_NCHW, second_NCHW = (F.log_softmax(x, dim=1) for x in (first_NCHW, second_NCHW))
            # (p - q) (log p - log q), summed over classes, is KL(p || q) + KL(q || p).
            apart_NHW = ((first_NCHW.exp() - second_NCHW.exp()) * (first_NCHW - second_NCHW)).sum(
                dim=1
            ) / 2
        case Task.EDGES:
            difference_N1HW = first_NCHW.sigmoid() - second_NCHW.sigmoid()
            # The same with log p - log(1 - p), which is the logit.
            apart_NHW = (difference_N1HW * (first_NCHW - second_NCHW)).mean(dim=1) / 2
        case Task.DEPTH | Task.ALBEDO | Task.NORMALS:
            apart_NHW = (first_NCHW - second_NCHW).square().mean(dim=1)
    return masked_mean(apart_NHW, valid_NHW)
