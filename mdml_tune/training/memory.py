"""Telling a batch that did not fit into memory from other errors."""

import torch

from mdml_tune.config.trial import TrialConfig

SIGNS = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
"""What torch's plain RuntimeErrors say of it: of CUDA, of the CPU, of cuBLAS and cuDNN."""


def ran_out_of_memory(error: Exception) -> bool:
    """Whether something did not fit, on a GPU or on the CPU (which torch says in words alone)."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(
        sign in str(error) for sign in SIGNS
    )


def did_not_fit(config: TrialConfig, error: Exception) -> str:
    """What did not fit, and what to do."""
    reason = (str(error) or type(error).__name__).splitlines()[0]
    kinds = " and ".join(dict.fromkeys(network.kind for network in config.networks))
    return (
        f"out of memory: training.batch_size {config.training.batch_size} did not fit with "
        f"{config.peers} network{'s' if config.peers > 1 else ''} of kind {kinds}. "
        f"Take a smaller batch_size, and accumulate to make up for it. ({reason})"
    )
