import torch
from torch import Tensor, nn
from torch.testing import assert_close
from torchvision.models.segmentation.deeplabv3 import DeepLabHead

from mdml_tune.models.aspp import aspp_head


def without_dropout(head: nn.Module) -> nn.Module:
    for module in head.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return head.train()


def pooled_norm(head: nn.Module) -> nn.BatchNorm2d:
    norm = head.get_submodule("0.convs.4.2")
    assert isinstance(norm, nn.BatchNorm2d)
    return norm


def test_dilations_are_those_of_stride_8() -> None:
    dilations = [
        layer.dilation
        for layer in aspp_head(8, 2).modules()
        if isinstance(layer, nn.Conv2d) and layer.dilation != (1, 1)
    ]
    assert dilations == [(12, 12), (24, 24), (36, 36)]


def test_several_images_are_normalised_as_by_torchvision() -> None:
    ours, theirs = aspp_head(8, 2), DeepLabHead(8, 2)
    theirs.load_state_dict(ours.state_dict())
    features = torch.rand(3, 8, 4, 6)
    assert_close(without_dropout(ours)(features), without_dropout(theirs)(features))
    assert_close(ours.state_dict(), theirs.state_dict())


def test_a_single_image_is_normalised_by_running_averages() -> None:
    head = without_dropout(aspp_head(8, 2))
    norm = pooled_norm(head)
    assert norm.running_mean is not None
    norm.running_mean += 0.1
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    values: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        values.extend([inputs[0].detach().clone(), output.detach().clone()])

    norm.register_forward_hook(keep)
    head(torch.rand(1, 8, 4, 6)).sum().backward()
    assert_close(values[1], (values[0] - 0.1) / (1 + norm.eps) ** 0.5)
    assert_close(norm.state_dict(), before, rtol=0, atol=0)
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())
