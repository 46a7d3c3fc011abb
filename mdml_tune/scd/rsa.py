"""Representational similarity analysis: do two representations find the same images alike?

Shape suffixes: N images, P and Q features, D pairs of images.
"""

import torch
from scipy.stats import rankdata
from torch import Tensor

NOISE = 1e-12
"""Features whose variance is below this share of their mean square are constant: what varies in
them is rounding."""


def rsa_spearman(first_NP: Tensor, second_NQ: Tensor) -> float:
    """Spearman correlation, in [-1, 1], of the distances between images in two representations.

    The distance of two images is 1 - Pearson's correlation of their features (Branched-MTL,
    Vandenhende et al. 2020, arXiv:1904.02920, section 3.2; Dwivedi and Roig 2019,
    arXiv:1904.11740). An image whose features are constant correlates with none; 0 where
    one representation finds all images equally distant.

    Args:
        first_NP: One image per row.
        second_NQ: The same images.
    """
    ranks_2D = torch.stack([_ranks(first_NP), _ranks(second_NQ)])
    first_D, second_D = _standardised(ranks_2D)
    return float(first_D @ second_D)


def _ranks(features_NP: Tensor) -> Tensor:
    """Ranks of the distances between all pairs of images."""
    rows_NP = _standardised(features_NP.double())
    correlations_NN = rows_NP @ rows_NP.T
    upper = torch.triu_indices(*correlations_NN.shape, offset=1, device=rows_NP.device)
    distances_D = 1 - correlations_NN[upper[0], upper[1]]
    return torch.from_numpy(rankdata(distances_D.cpu().numpy()))


def _standardised(rows: Tensor) -> Tensor:
    """Rows of mean 0 and length 1, so that their products are correlations; 0 if constant."""
    centred = rows - rows.mean(dim=1, keepdim=True)
    power = centred.square().sum(dim=1, keepdim=True)
    varies = power > NOISE * rows.square().sum(dim=1, keepdim=True)
    return torch.where(varies, centred * power.rsqrt(), 0.0)
