"""Which parameters the tasks share: those that their features come from.

Shape suffix: T tasks.
"""

from collections.abc import Sequence
from typing import cast

from torch import Tensor
from torch.autograd.graph import Node


def shared_and_own(
    losses_T: Tensor, features: Sequence[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """The leaves behind the losses: first those behind the features too, then all others.

    A way from a loss to a shared leaf that leads round the features (a second look at the images,
    a loss on deeper features) changes nothing.
    """
    behind_losses, behind_features = _leaves([losses_T]), set(_leaves(features))
    shared = [leaf for leaf in behind_losses if leaf in behind_features]
    return shared, [leaf for leaf in behind_losses if leaf not in behind_features]


def _leaves(tensors: Sequence[Tensor]) -> list[Tensor]:
    """In an order that depends on the graph alone."""
    leaves: dict[Tensor, None] = {}
    open_nodes = [tensor.grad_fn for tensor in tensors]
    seen: set[Node] = set()
    while open_nodes:
        node = open_nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):  # the end of a path, where a gradient is accumulated
            leaves[cast("Tensor", node.variable)] = None  # pyright: ignore[reportAttributeAccessIssue]
        open_nodes.extend(following for following, _ in node.next_functions)
    return list(leaves)
