"""Linear centred kernel alignment of two sets of features, unbiased.

Shape suffixes: N samples, P and Q features.
"""

import torch
from torch import Tensor

NOISE = 1e-12
"""Features whose variance is below this share of their mean square are constant: what varies in
them is rounding."""


def linear_cka(first_NP: Tensor, second_NQ: Tensor) -> Tensor:
    """Similarity of two representations of the same samples, a scalar in float64.

    Kornblith et al. 2019 (arXiv:1905.00414) with the unbiased estimator HSIC_1 of Song et al. 2012
    (JMLR 13:1393-1434, equation 5): the plain estimator is far too high unless there are many more
    samples than features. 1 for features alike up to rotation, scale and shift; about 0, a
    little below included, for unrelated ones. 0 where one side is constant.

    Args:
        first_NP: One sample per row; at least four.
        second_NQ: The same samples.
    """
    first, second = _centred(first_NP), _centred(second_NQ)
    # Of few samples with next to no structure, even these estimates may fall below 0.
    scale = _hsic(first, first).clamp(min=0).sqrt() * _hsic(second, second).clamp(min=0).sqrt()
    return torch.where(scale > 0, _hsic(first, second) / scale, 0.0)


def _centred(features_NP: Tensor) -> Tensor:
    """Columns of mean 0, of mean square 1 together; all 0 where they are constant."""
    features_NP = features_NP.double()
    centred_NP = features_NP - features_NP.mean(dim=0)
    power = centred_NP.square().mean()
    varies = power > NOISE * features_NP.square().mean()
    return torch.where(varies, centred_NP * power.rsqrt(), 0.0)


def _hsic(first_NP: Tensor, second_NQ: Tensor) -> Tensor:
    """HSIC_1 up to the factor n(n-3) that all of its uses share.

    Its kernel matrices, N x N with a diagonal of 0, are never made: of K = X Xᵀ only the diagonal,
    the row sums, and tr(K L) = |Xᵀ Y|² are needed, so that tens of thousands of samples will do.
    """
    n = len(first_NP)
    first_diagonal_N = first_NP.square().sum(dim=1)
    second_diagonal_N = second_NQ.square().sum(dim=1)
    first_rows_N = first_NP @ first_NP.sum(dim=0) - first_diagonal_N
    second_rows_N = second_NQ @ second_NQ.sum(dim=0) - second_diagonal_N
    trace = (first_NP.T @ second_NQ).square().sum() - first_diagonal_N @ second_diagonal_N
    means = first_rows_N.sum() * second_rows_N.sum() / ((n - 1) * (n - 2))
    return trace + means - 2 / (n - 2) * (first_rows_N @ second_rows_N)
