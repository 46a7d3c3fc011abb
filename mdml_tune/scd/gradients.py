"""Do tasks pull the shared weights of one network the same way?

Shape suffixes: T tasks, P parameters.
"""

from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from mdml_tune.data.split import Examples
from mdml_tune.losses.supervised import supervised_loss
from mdml_tune.tasks import Task


def gradient_cosine(
    network: nn.Module, batches: Iterable[Examples], tasks: Sequence[Task]
) -> Tensor:
    """Cosines, in [-1, 1], between the gradients of the tasks' supervised losses: (T, T).

    Averaged over the batches (PCGrad, Yu et al. 2020, arXiv:2001.06782, definition 1), with respect
    to all weights that every task reaches. 0 where a task has no gradient: no label in the batch.

    Args:
        network: Of all tasks, trained with equal weights; in evaluation mode. Not changed.
        batches: To learn from.
        tasks: Those of the network.
    """
    cosines = torch.stack([_cosines(network, batch, tasks) for batch in batches])
    return cosines.mean(dim=0)


def _cosines(network: nn.Module, batch: Examples, tasks: Sequence[Task]) -> Tensor:
    # The network may be frozen, so its weights lend their values to some that are not.
    weights = {name: w.detach().requires_grad_() for name, w in network.named_parameters()}
    predictions = functional_call(network, weights, (batch.images,))
    gradients = [
        torch.autograd.grad(
            supervised_loss(task, predictions[task], batch.targets[task], batch.valid[task]),
            list(weights.values()),
            retain_graph=True,
            allow_unused=True,
        )
        for task in tasks
    ]
    shared = [
        torch.stack(of_tasks).flatten(start_dim=1)
        for of_tasks in zip(*gradients, strict=True)
        if all(gradient is not None for gradient in of_tasks)
    ]
    directions_TP = F.normalize(torch.cat(shared, dim=1), dim=1)
    return directions_TP @ directions_TP.T
