"""The studies we ship: complete, on the published recipes, and of networks that can be built."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from pydantic import TypeAdapter

from mdml_tune.config.data import CityscapesData, NyuV2Data, RoomsData
from mdml_tune.config.network import DeepLabV3Config, MtanConfig, NetworkConfig
from mdml_tune.config.training import OptimizerConfig, StepSchedule, TrainingConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import WeightingConfig
from mdml_tune.models.build import build_network
from mdml_tune.scd.relations import needs
from mdml_tune.spaces.find import shipped
from mdml_tune.spaces.load import load_study
from mdml_tune.spaces.plan import ConfirmPlan, GridSampler
from mdml_tune.spaces.study import Study
from mdml_tune.tasks import Task

PUBLISHED = {"nyuv2": NyuV2Data, "cityscapes": CityscapesData}
METHODS = ("nyuv2_methods", "cityscapes_methods")
SEARCHES = ("nyuv2_mdml_scd", "cityscapes_mdml_scd")
WEIGHTINGS = list(TypeAdapter(WeightingConfig).json_schema()["discriminator"]["mapping"])

load = cache(load_study)


def of_methods(study: Study) -> dict[str, TrialConfig]:
    names = [study.space.method(corner) for corner in study.space.corners()]
    return {str(name): config for name, config in zip(names, study.corners, strict=True)}


@pytest.mark.parametrize("name", shipped())
def test_every_network_of_a_shipped_study_can_be_built(name: str) -> None:
    study = load(name)
    wanted = [(n, config.data.tasks) for config in study.corners for n in config.networks]
    baselines = [study.baseline_config(task) for task in study.tasks]
    wanted += [(b.network, b.data.tasks) for b in (*baselines, study.equal_weighting_config())]
    built: list[tuple[NetworkConfig, tuple[Task, ...]]] = []
    for network, tasks in wanted:
        if (network, tasks) in built:
            continue
        built.append((network, tasks))
        if isinstance(network, DeepLabV3Config | MtanConfig):
            network = replace(network, pretrained=None)  # noqa: PLW2901 (weights are not at hand)
        with torch.device("meta"):
            heads = build_network(network, tasks, classes=7).get_submodule("heads")
        assert {name for name, _ in heads.named_children()} == set(tasks)


@pytest.mark.parametrize("name", [*METHODS, *SEARCHES])
def test_protocol(name: str) -> None:
    study = load(name)
    assert isinstance(study.data, PUBLISHED[name.split("_", maxsplit=1)[0]])
    assert study.data.val_fraction == 0.2
    assert study.tasks == (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)[: 2 + ("nyuv2" in name)]
    assert study.baseline.seeds == 3
    assert study.confirm is not None
    assert study.confirm.seeds == 3
    assert study.resources.gpus == 1
    training = {config.training for config in study.corners}
    assert training == {study.baseline_config(Task.DEPTH).training}


@pytest.mark.parametrize(("name", "batch_size"), [("nyuv2_methods", 2), ("cityscapes_methods", 8)])
def test_recipe_of_segnet_mtan(name: str, batch_size: int) -> None:
    config = load(name).equal_weighting_config()
    assert config.network.kind == "segnet_mtan"
    assert config.data.augmentation == "flip_and_scale"
    assert config.training == TrainingConfig(
        epochs=200,
        batch_size=batch_size,
        optimizer=OptimizerConfig(kind="adam", learning_rate=1e-4),
        schedule=StepSchedule(kind="step", epochs=100, factor=0.5),
    )


@pytest.mark.parametrize(
    ("name", "batch_size"), [("nyuv2_mdml_scd", 8), ("cityscapes_mdml_scd", 64)]
)
def test_recipe_of_resnet50(name: str, batch_size: int) -> None:
    config = load(name).equal_weighting_config()
    assert config.network == DeepLabV3Config(
        kind="deeplabv3", backbone="resnet50", pretrained="imagenet"
    )
    assert config.data.augmentation == "none"
    assert config.training == TrainingConfig(
        epochs=200,
        batch_size=batch_size,
        optimizer=OptimizerConfig(kind="adam", learning_rate=1e-4, weight_decay=1e-5),
        schedule=StepSchedule(kind="step", epochs=100, factor=0.5),
    )


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_there_once(name: str) -> None:
    study = load(name)
    configs = of_methods(study)
    further = ["kd4mtl", "okd_mtl", "independent_peers", "dml", "mdml", "mdml_scd"]
    assert sorted(configs) == sorted([*WEIGHTINGS, *further])
    assert len({repr(config) for config in configs.values()}) == len(configs)
    assert {method: configs[method].weighting.kind for method in WEIGHTINGS} == {
        kind: kind for kind in WEIGHTINGS
    }
    assert isinstance(study.search.sampler, GridSampler)
    assert study.space.grid_size() == study.search.trials == len(configs)
    assert study.confirm == ConfirmPlan(top=len(configs), seeds=3)


@pytest.mark.parametrize(("name", "gamma"), [("nyuv2_methods", 1e-3), ("cityscapes_methods", 1e-2)])
def test_settings_are_the_authors(name: str, gamma: float) -> None:
    configs = of_methods(load(name))
    tasks = configs["equal"].data.tasks
    assert configs["famo"].weighting.gamma == gamma  # type: ignore[union-attr]
    assert configs["cagrad"].weighting.c == 0.4  # type: ignore[union-attr]
    assert configs["fairgrad"].weighting.alpha == 2  # type: ignore[union-attr]
    twice = {task: 2.0 if task is Task.NORMALS else 1.0 for task in tasks}
    kd4mtl, okd_mtl = configs["kd4mtl"].scd, configs["okd_mtl"].okd_mtl
    assert kd4mtl is not None
    assert okd_mtl is not None
    assert (kd4mtl.queue, kd4mtl.distil, kd4mtl.weight) == ((tasks,), "features", twice)
    assert (kd4mtl.adaptor.learning_rate, kd4mtl.adaptor.weight_decay) == (0.1, 5e-4)
    assert okd_mtl.weight == twice
    weights = {name: config.mutual.weight for name, config in configs.items() if config.mutual}
    assert set(weights["independent_peers"].values()) == {0.0}
    assert set(weights["dml"].values()) == {1.0}
    assert min(weights["mdml"].values()) > 0
    assert {name: config.peers for name, config in configs.items() if config.peers > 1} == (
        dict.fromkeys(weights, 2)
    )


@pytest.mark.parametrize("name", SEARCHES)
def test_what_is_searched(name: str) -> None:
    study = load(name)
    paths = {parameter.path for parameter in study.space.parameters}
    assert paths >= {f"mutual.weight.{task}" for task in study.tasks}
    assert paths >= {"mutual.temperature", "scd", "scd.grouping_threshold", "scd.weight"}
    assert needs(study.corners) == ({"linear_cka"}, True)
    assert study.search.early_stopping is not None


def test_the_rooms_need_nothing_to_download() -> None:
    for name in shipped():
        if name.startswith("rooms"):
            assert isinstance(load(name).data, RoomsData)
            assert load(name).resources.gpus == 0
