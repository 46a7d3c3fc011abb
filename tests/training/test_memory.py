"""Which errors say that a batch did not fit, and what is said of it."""

from collections.abc import Callable

import pytest
import torch

from mdml_tune.config.trial import TrialConfig
from mdml_tune.training.memory import did_not_fit, ran_out_of_memory

FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 4398046511104 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes."),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    MemoryError(),
]


@pytest.mark.parametrize("error", FULL, ids=lambda e: f"{type(e).__name__} {str(e)[:20]}")
def test_known_by_type_or_words(error: Exception) -> None:
    assert ran_out_of_memory(error)


def test_torch_says_so_on_this_machine() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert ran_out_of_memory(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not match"), ValueError("memory")])
def test_other_errors_are_not_taken_for_it(error: Exception) -> None:
    assert not ran_out_of_memory(error)


def test_message_says_what_was_asked_for_and_what_to_do(tiny: Callable[..., TrialConfig]) -> None:
    message = did_not_fit(tiny(mutual=None), FULL[1])
    assert message == (
        "out of memory: training.batch_size 2 did not fit with 1 network of kind unet. Take a "
        "smaller batch_size, and accumulate to make up for it. (CUDA error: out of memory)"
    )
    networks = [{"kind": "unet", "width": 4}, {"kind": "mtan"}, {"kind": "unet", "width": 8}]
    unlike = did_not_fit(tiny(mutual={"peers": networks}), MemoryError())
    assert "3 networks of kind unet and mtan." in unlike
    assert unlike.endswith("(MemoryError)")
