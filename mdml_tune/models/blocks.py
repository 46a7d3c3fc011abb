"""Pieces that several networks are made of."""

from torch import nn
from torchvision.ops import Conv2dNormActivation


def convolution(incoming: int, outgoing: int) -> nn.Module:
    """3x3 convolution with bias, batch normalisation, ReLU: the unit of SegNet."""
    return Conv2dNormActivation(incoming, outgoing, 3, bias=True)


def attention(incoming: int, hidden: int, outgoing: int) -> nn.Module:
    """A mask in (0, 1) for ``outgoing`` channels (MTAN, Liu et al. 2019, figure 2)."""
    return nn.Sequential(
        Conv2dNormActivation(incoming, hidden, 1, bias=True),
        Conv2dNormActivation(
            hidden, outgoing, 1, bias=True, activation_layer=nn.Sigmoid, inplace=None
        ),
    )


def he_initialise(module: nn.Module) -> None:
    """Normal weights of variance 2 / fan-in (He et al. 2015, arXiv:1502.01852), biases of 0.

    For ``module.apply``: batch normalisation keeps its own start.
    """
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
