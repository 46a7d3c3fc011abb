"""Numbers of parameters, against those of the networks that results are published for.

MTAN's and FAMO's programs for SegNet, LibMTL's for the ResNets, each counted without the log-sigmas
that MTAN's own SegNet keeps among its parameters.
"""

import pytest
import torch
from torch import nn

from mdml_tune.config.network import (
    DeepLabV3Config,
    MtanConfig,
    NetworkConfig,
    SegNetConfig,
    SegNetMtanConfig,
)
from mdml_tune.models.build import build_network
from mdml_tune.tasks import Task

NYUV2 = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)
CITYSCAPES = (Task.SEGMENTATION, Task.DEPTH)

SEGNET = SegNetConfig(kind="segnet")
SEGNET_MTAN = SegNetMtanConfig(kind="segnet_mtan")
DEEPLABV3 = DeepLabV3Config(kind="deeplabv3")
MTAN = MtanConfig(kind="mtan")


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def weightless(config: NetworkConfig, tasks: tuple[Task, ...], classes: int) -> nn.Module:
    with torch.device("meta"):
        return build_network(config, tasks, classes)


@pytest.mark.parametrize(
    ("config", "tasks", "classes", "published"),
    [
        (SEGNET, (Task.SEGMENTATION,), 13, 24_981_069),
        (SEGNET, (Task.DEPTH,), 13, 24_980_289),
        (SEGNET, (Task.NORMALS,), 13, 24_980_419),
        (SEGNET, NYUV2, 13, 25_055_188 - 3),
        (SEGNET, CITYSCAPES, 7, 25_017_672),
        (SEGNET_MTAN, NYUV2, 13, 44_229_073),
        (SEGNET_MTAN, CITYSCAPES, 7, 41_206_984),
        (DEEPLABV3, NYUV2, 13, 71_888_721),
        (MTAN, NYUV2, 13, 92_347_921),
        (MTAN, CITYSCAPES, 7, 72_044_232),
    ],
)
def test_as_many_parameters_as_published(
    config: NetworkConfig, tasks: tuple[Task, ...], classes: int, published: int
) -> None:
    assert size(weightless(config, tasks, classes)) == published


def test_segnet_mtan_by_parts() -> None:
    network = weightless(SEGNET_MTAN, NYUV2, 13)
    heads = size(network.get_submodule("heads"))
    assert (size(network) - heads, heads) == (44_117_184, 111_889)


@pytest.mark.parametrize("config", [DEEPLABV3, MTAN])
def test_aspp_heads_by_task(config: NetworkConfig) -> None:
    network = weightless(config, NYUV2, 13)
    assert {task: size(network.get_submodule(f"heads.{task}")) for task in NYUV2} == {
        Task.SEGMENTATION: 16_128_781,
        Task.DEPTH: 16_125_697,
        Task.NORMALS: 16_126_211,
    }


def test_dilated_encoder() -> None:
    assert size(weightless(DEEPLABV3, NYUV2, 13).get_submodule("encoder")) == 23_508_032
