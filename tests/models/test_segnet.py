"""What is particular to SegNet, and to SegNet with attention."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from mdml_tune.models.network import Features, of_task
from mdml_tune.models.segnet import SegNet
from mdml_tune.models.segnet_mtan import SegNetMtan
from mdml_tune.tasks import Task

CHANNELS = {Task.SEGMENTATION: 5, Task.DEPTH: 1}


def seen_and_said(network: nn.Module, name: str) -> list[Tensor]:
    """Filled with the input and the output of a module when the network is asked."""
    values: list[Tensor] = []
    network.get_submodule(name).register_forward_hook(
        lambda _, inputs, output: values.extend([inputs[0], output])
    )
    return values


def test_maxima_are_put_back_where_they_were_found() -> None:
    network = SegNet(4, CHANNELS)
    first, last = seen_and_said(network, "encoder.0"), seen_and_said(network, "decoder.4")
    below = seen_and_said(network, "decoder.3")
    network(torch.rand(2, 3, 32, 64))
    found, put_back = first[1], last[0]
    maxima = F.interpolate(F.max_pool2d(found, 2), scale_factor=2.0)
    assert (put_back != 0).any()
    assert (put_back[found != maxima] == 0).all()
    assert torch.equal(F.max_pool2d(put_back, 2), below[1])


def test_initial_weights_keep_the_scale_of_what_goes_through() -> None:
    # Variance 2 / fan-in; 9 * 64 inputs, and enough weights to measure it.
    network = SegNet(64, CHANNELS)
    convolution = network.get_submodule("encoder.0.1.0")
    assert isinstance(convolution, nn.Conv2d)
    assert_close(convolution.weight.var(), torch.tensor(2 / (9 * 64)), rtol=0.05, atol=0)
    assert convolution.bias is not None
    assert not convolution.bias.any()


def told_by(network: SegNetMtan) -> Features:
    torch.manual_seed(1)
    return network.features(torch.rand(2, 3, 32, 64))


def set_masks(network: SegNetMtan, task: Task, level: float) -> None:
    """Let a task's masks let through everything (a high level) or nothing (a low one)."""
    for name, module in network.named_modules():
        if name.endswith(f"masks.{task}.1.1"):
            assert isinstance(module, nn.BatchNorm2d)
            nn.init.zeros_(module.weight)
            nn.init.constant_(module.bias, level)


def test_a_task_that_lets_everything_through_gets_what_segnet_gives() -> None:
    network, plain = SegNetMtan(4, CHANNELS), SegNet(4, CHANNELS)
    plain.load_state_dict(
        {
            name.replace(".first.", ".0.").replace(".rest.", ".").replace(".shared.", "."): value
            for name, value in network.state_dict().items()
            if ".masks." not in name and ".onward." not in name
        }
    )
    set_masks(network, Task.DEPTH, 100.0)
    set_masks(network, Task.SEGMENTATION, -100.0)
    chosen = told_by(network)[-1]
    torch.manual_seed(1)
    wanted = of_task(plain.features(torch.rand(2, 3, 32, 64))[-1], Task.DEPTH)
    assert_close(of_task(chosen, Task.DEPTH), wanted)
    assert of_task(chosen, Task.SEGMENTATION).abs().max() < 1e-6


def test_a_task_chooses_for_itself() -> None:
    network = SegNetMtan(4, CHANNELS)
    before = told_by(network)
    set_masks(network, Task.DEPTH, -1.0)
    after = told_by(network)
    for earlier, later in zip(before, after, strict=True):
        assert torch.equal(of_task(earlier, Task.SEGMENTATION), of_task(later, Task.SEGMENTATION))
        assert not torch.equal(of_task(earlier, Task.DEPTH), of_task(later, Task.DEPTH))


def test_what_was_chosen_before_bears_on_what_is_chosen_next() -> None:
    network = SegNetMtan(4, CHANNELS)
    before = told_by(network)
    first = network.get_submodule(f"encoder.0.masks.{Task.DEPTH}.1.1")
    assert isinstance(first, nn.BatchNorm2d)
    nn.init.constant_(first.bias, 3.0)
    after = told_by(network)
    for earlier, later in zip(before, after, strict=True):
        assert not torch.equal(of_task(earlier, Task.DEPTH), of_task(later, Task.DEPTH))
