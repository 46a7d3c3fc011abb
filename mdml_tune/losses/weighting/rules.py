"""The rules of the gradient methods: from the Gramian of the gradients to their weights.

Shape suffix: T tasks.
"""

from typing import assert_never

from mdml_tune.config.weighting import (
    AlignedMtlWeighting,
    CaGradWeighting,
    FairGradWeighting,
    ImtlGWeighting,
    MgdaWeighting,
    NashMtlWeighting,
    PcGradWeighting,
)
from mdml_tune.losses.weighting.gramian import Rule
from mdml_tune.losses.weighting.normalise import summing_to_tasks
from mdml_tune.losses.weighting.torchjd import torchjd_aggregation

GAP, ITERATIONS = 1e-5, 250
"""When MGDA's Frank-Wolfe iterations stop: as in the authors' code, much closer than by default."""

GramianWeighting = (
    PcGradWeighting
    | CaGradWeighting
    | MgdaWeighting
    | ImtlGWeighting
    | NashMtlWeighting
    | AlignedMtlWeighting
    | FairGradWeighting
)


def build_rule(config: GramianWeighting) -> Rule:
    """The published rule with weights of 1 where all gradients are the same.

    Those of MGDA, IMTL-G, Nash-MTL and FairGrad always sum to T: the first two are published with
    a sum of 1, the others with sizes that depend on the unit of the losses. (Nash-MTL also clips
    the gradient, for which ``training.clip_norm`` is there.)
    """
    rule = published_rule(config)
    match config.kind:
        case "pcgrad":
            return rule
        case "cagrad":  # with this scale the authors' code calls it `rescale: 2`, of the mean
            return lambda gramian_TT: rule(gramian_TT) * len(gramian_TT) / (1 + config.c)
        case "aligned_mtl":
            return lambda gramian_TT: rule(gramian_TT) * len(gramian_TT)
        case "mgda" | "imtl_g" | "nash_mtl" | "fairgrad":
            return lambda gramian_TT: summing_to_tasks(rule(gramian_TT))
        case _:
            assert_never(config.kind)


def published_rule(config: GramianWeighting) -> Rule:
    """The rule with the size that its authors, or TorchJD, give it."""
    match config:
        case PcGradWeighting():
            return torchjd_aggregation().PCGradWeighting()
        case CaGradWeighting():
            return torchjd_aggregation().CAGradWeighting(c=config.c)
        case MgdaWeighting():
            return torchjd_aggregation().MGDAWeighting(epsilon=GAP, max_iters=ITERATIONS)
        case ImtlGWeighting():
            return torchjd_aggregation().IMTLGWeighting()
        case AlignedMtlWeighting():
            return torchjd_aggregation().AlignedMTLWeighting()
        case NashMtlWeighting() | FairGradWeighting():
            # Both solve G w = w^(-1 / alpha), Nash-MTL with 1 (Navon et al. 2022, section 3).
            alpha = config.alpha if isinstance(config, FairGradWeighting) else 1.0
            return torchjd_aggregation().FairGradWeighting(alpha=alpha)
        case _:
            assert_never(config)
