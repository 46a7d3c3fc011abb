"""Sections that are each in order and do not fit each other: said once, with what to do."""

from copy import deepcopy

import pytest

from mdml_tune.config.load import check_trial, load_trial

DATA = {"dataset": "rooms", "tasks": ["segmentation", "depth"], "image_size": [48, 64]}
UNET, WIDE = {"kind": "unet", "width": 8}, {"kind": "unet", "width": 16}
SEGNET, DROPPING = {"kind": "segnet"}, {"kind": "unet", "dropout": 0.1}
DEEPLAB = {"kind": "deeplabv3"}


def data(dataset: str, *tasks: str) -> dict[str, object]:
    return {"dataset": dataset, "tasks": list(tasks)}


UNFIT = [
    # sections, path of the message, what it says
    ({"data": data("nyuv2", "depth", "albedo", "edges")}, "data.tasks", "nyuv2 has no albedo, ed"),
    ({"data": data("cityscapes", "normals")}, "data.tasks", "(allowed: segmentation, depth)"),
    ({"data": data("nyuv2", "albedo", "albedo")}, "data.tasks", "named twice: albedo, albedo"),
    ({"training": {"batch_size": 49}}, "training.batch_size", "49 exceeds train_size 48"),
    ({"network": SEGNET}, "network.kind", "multiples of 32, found 48 x 64"),
    ({"network": {"kind": "segnet_mtan"}}, "network.kind", "segnet_mtan halves the image five"),
    ({"mutual": {"peers": [UNET, SEGNET]}}, "mutual.peers.1.kind", "multiples of 32"),
    ({"mutual": {"peers": [UNET, WIDE]}, "network": WIDE}, "network", "leave network out"),
    ({"mutual": {"weight": 2, "fusion": "convex"}}, "mutual.weight", "found 2; with fusion convex"),
    (
        {"mutual": {"weight": {"segmentation": 1, "depth": 1.5}, "fusion": "convex"}},
        "mutual.weight.depth",
        "found 1.5; with fusion convex a weight is a share and at most 1",
    ),
    ({"mutual": {"weight": {}}}, "mutual.weight", "names no task; it must name each of segm"),
    ({"mutual": {"warmup_epochs": 40}}, "mutual.warmup_epochs", "give at most 39"),
    ({"scd": {"queue": []}}, "scd.queue", "names no task"),
    ({"scd": {"queue": [["depth"]]}}, "scd.queue", "each of segmentation, depth once"),
    ({"scd": {"queue": [["depth"], ["depth", "segmentation"]]}}, "scd.queue", "names depth, depth"),
    ({"scd": {"grouping_threshold": -0.5}}, "scd.grouping_threshold", "lies in [0, 1]"),
    (
        {"scd": {"stage_epochs": 40}},
        "scd.stage_epochs",
        "more than the 40 of training.epochs; give",
    ),
    ({"scd": {"stage_epochs": 40}}, "scd.stage_epochs", "give at most 39"),
    (
        {"scd": {"blocks": "each", "stage_epochs": 3}, "training": {"epochs": 1}},
        "scd.stage_epochs",
        "train for 2 or more",
    ),
    ({"changes": [{"epoch": 40, "learning_rate": 1}]}, "changes.0.epoch", "give at most 39"),
    (
        {"changes": [{"epoch": 5, "learning_rate": 1}, {"epoch": 5, "learning_rate": 2}]},
        "changes.1.epoch",
        "found 5 after 5; name the changes in the order of their epochs, each once",
    ),
    ({"changes": [{"epoch": 5}], "mutual": {}}, "changes.0", "changes nothing; give learning_r"),
    ({"changes": [{"epoch": 5, "mimicry": 1}]}, "changes.0.mimicry", "without mutual; leave mim"),
    (
        {"changes": [{"epoch": 5, "mimicry": {"depth": 1}}], "mutual": {}},
        "changes.0.mimicry",
        "names depth; it must name each of segmentation, depth, or be one number for all",
    ),
    (
        {"changes": [{"epoch": 5, "mimicry": 2}], "mutual": {"fusion": "convex"}},
        "changes.0.mimicry",
        "found 2; with fusion convex a weight is a share and at most 1",
    ),
    (
        {
            "changes": [{"epoch": 5, "mimicry": {"segmentation": 2, "depth": 1}}],
            "mutual": {"fusion": "convex"},
        },
        "changes.0.mimicry.segmentation",
        "found 2; with fusion convex",
    ),
    (
        {"changes": [{"epoch": 5, "mimicry": 1}], "mutual": {"warmup_epochs": 40, "weight": 0}},
        "mutual.warmup_epochs",
        "give at most 39",
    ),
    ({"changes": [{"epoch": 0, "learning_rate": 1}]}, "changes.0.epoch", "greater than 0"),
    ({"changes": [{"epoch": 1, "learning_rate": 0}]}, "changes.0.learning_rate", "greater than 0"),
    (
        {"changes": [{"epoch": 1, "mimicry": -1}], "mutual": {}},
        "changes.0.mimicry",
        "or equal to 0",
    ),
    ({"changes": [{"epoch": 1, "mimicry": "x"}], "mutual": {}}, "changes.0.mimicry", "found 'x'"),
    ({"changes": [{"epoch": 1, "rate": 1}]}, "changes.0.rate", "unknown key (allowed: epoch, lea"),
    ({"changes": {"epoch": 1}}, "changes", "array"),
    ({"changes": [3]}, "changes.0", "found 3"),
    ({"okd_mtl": {}, "mutual": {}}, "okd_mtl", "mutual; set okd_mtl to null, or mutual to null"),
    ({"okd_mtl": {}, "scd": {}}, "okd_mtl", "cannot be combined with scd"),
    ({"okd_mtl": {}, "weighting": {"kind": "dwa"}}, "okd_mtl", "or weighting.kind to equal"),
    ({"okd_mtl": {}, "r_drop": {}, "network": DROPPING}, "okd_mtl", "combined with r_drop"),
    ({"r_drop": {}, "mutual": {}, "network": DROPPING}, "r_drop", "combined with mutual"),
    ({"r_drop": {}, "scd": {}, "network": DEEPLAB}, "r_drop", "cannot be combined with scd"),
    ({"r_drop": {}}, "network", "r_drop needs a network with dropout, and this unet has none"),
    (
        {"r_drop": {}, "network": SEGNET, "data": data("nyuv2", "depth")},
        "network",
        "this segnet has none; give a unet some network.dropout, or take deeplabv3 or mtan",
    ),
]


@pytest.mark.parametrize(("sections", "path", "message"), UNFIT)
def test_what_does_not_fit_is_said_once_under_its_path(
    sections: dict[str, object], path: str, message: str
) -> None:
    found = check_trial({"data": deepcopy(DATA), **deepcopy(sections)})
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [path]
    assert message in found[0].message


@pytest.mark.parametrize(
    "sections",
    [
        {"data": data("folder", "albedo", "edges")},
        {"network": SEGNET, "data": {**DATA, "image_size": [32, 64]}},
        {"network": SEGNET, "data": data("cityscapes", "depth")},
        {"network": DEEPLAB},
        {"mutual": {"peers": [UNET, WIDE]}, "network": UNET},
        {"mutual": {"weight": 1, "fusion": "convex"}},
        {"mutual": {"warmup_epochs": 39}},
        {"mutual": {"warmup_epochs": 40, "weight": 0}},
        {"scd": {"stage_epochs": 39}},
        {"scd": {"blocks": "one", "stage_epochs": 40}},
        {"scd": {"queue": [["segmentation", "depth"]], "stage_epochs": 40}},
        {"scd": {"grouping_threshold": -0.5, "similarity": "rsa_spearman"}},
        {"scd": {}, "mutual": {}, "weighting": {"kind": "famo"}},
        {"changes": [{"epoch": 39, "learning_rate": 1}]},
        {"changes": [{"epoch": 39, "mimicry": 1}], "mutual": {"fusion": "convex"}},
        {"changes": [{"epoch": 39, "mimicry": 1}], "mutual": {"peers": 1}},
        {"changes": [{"epoch": 1, "learning_rate": 1}], "okd_mtl": {}},
        {"okd_mtl": {}, "mutual": {"peers": 1}},
        {"r_drop": {}, "weighting": {"kind": "dwa"}, "network": DROPPING},
        {"r_drop": {}, "network": {"kind": "mtan"}},
        {"r_drop": {}, "network": {"kind": "custom", "function": "mine:network"}},
    ],
)
def test_what_fits(sections: dict[str, object]) -> None:
    load_trial({"data": deepcopy(DATA), **deepcopy(sections)})


def test_sections_that_do_not_fit_are_all_told() -> None:
    found = check_trial(
        {
            "data": {**DATA, "tasks": ["depth", "depth"]},
            "training": {"epochs": 3, "batch_size": 49},
            "network": SEGNET,
            "mutual": {"warmup_epochs": 3, "weight": 2, "fusion": "convex"},
        }
    )
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [
        "data.tasks",
        "training.batch_size",
        "network.kind",
        "mutual.warmup_epochs",
        "mutual.weight",
    ]
