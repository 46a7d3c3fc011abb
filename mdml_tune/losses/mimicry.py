"""Mimicry losses: what one peer pays for disagreeing with another.

Each is the task's own supervised loss with the peer's detached output as the target, so that a
network learns from its peer but moves only its own weights (Zhang et al. 2018, arXiv:1706.00384).

Shape suffixes: N images, C channels or classes, H height, W width.
"""

import torch.nn.functional as F
from torch import Tensor

from mdml_tune.losses.masked import masked_mean
from mdml_tune.tasks import Task


def mimicry_loss(
    task: Task,
    student_NCHW: Tensor,
    peer_NCHW: Tensor,
    valid_NHW: Tensor,
    *,
    temperature: float = 1.0,
) -> Tensor:
    """Mean disagreement per labelled pixel, a scalar; gradients reach the student alone.

    Args:
        task: What is predicted.
        student_NCHW: Prediction of the network being trained, as ``models.heads`` says.
        peer_NCHW: Prediction of the network it imitates.
        valid_NHW: True where the pixel has a label.
        temperature: Divides the logits of segmentation and edges; other tasks have none.
    """
    peer_NCHW = peer_NCHW.detach()
    match task:
        case Task.SEGMENTATION:
            loss_NHW = _categorical_kl(student_NCHW, peer_NCHW, temperature)
        case Task.EDGES:
            loss_NHW = _binary_kl(student_NCHW, peer_NCHW, temperature)
        case Task.DEPTH | Task.ALBEDO:
            loss_NHW = (student_NCHW - peer_NCHW).abs().mean(dim=1)
        case Task.NORMALS:
            loss_NHW = 1 - (student_NCHW * peer_NCHW).sum(dim=1)
    return masked_mean(loss_NHW, valid_NHW)


def _categorical_kl(student_NCHW: Tensor, peer_NCHW: Tensor, temperature: float) -> Tensor:
    """T² KL(peer || student) in nats.

    Gradients of softened targets shrink as 1/T², so the loss is scaled back by T² (Hinton et al.
    2015, arXiv:1503.02531, section 2); else T would be a hidden loss weight.
    """
    log_student_NCHW = F.log_softmax(student_NCHW / temperature, dim=1)
    log_peer_NCHW = F.log_softmax(peer_NCHW / temperature, dim=1)
    kl_NCHW = F.kl_div(log_student_NCHW, log_peer_NCHW, reduction="none", log_target=True)
    return kl_NCHW.sum(dim=1) * temperature**2


def _binary_kl(student_N1HW: Tensor, peer_N1HW: Tensor, temperature: float) -> Tensor:
    """T² KL between the two Bernoulli distributions of each pixel, in nats."""
    student_N1HW, peer_N1HW = student_N1HW / temperature, peer_N1HW / temperature
    peer_probability = peer_N1HW.sigmoid()
    kl_N1HW = peer_probability * (F.logsigmoid(peer_N1HW) - F.logsigmoid(student_N1HW)) + (
        1 - peer_probability
    ) * (F.logsigmoid(-peer_N1HW) - F.logsigmoid(-student_N1HW))
    return kl_N1HW.mean(dim=1) * temperature**2
