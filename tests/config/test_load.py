"""What a trial's configuration means: equal trainings are equal configurations."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.config.load import check_trial, load_trial, single_task
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.tasks import CLASSIFICATION_LIKE, Task

DATA = {"dataset": "rooms", "tasks": ["segmentation", "depth"]}


def trial(**sections: object) -> dict[str, object]:
    return {"data": deepcopy(DATA), **sections}


def problems(values: dict[str, object]) -> dict[str, str]:
    found = check_trial(values)
    assert isinstance(found, list)
    return {problem.path: problem.message for problem in found}


def test_one_number_means_all_tasks() -> None:
    one = load_trial(trial(mutual={"weight": 0.3, "temperature": 2}))
    each = load_trial(
        trial(
            mutual={
                "weight": {"depth": 0.3, "segmentation": 0.3},
                "temperature": {"segmentation": 2.0},
            }
        )
    )
    assert one == each
    assert one.mutual is not None
    assert list(one.mutual.weight) == [Task.SEGMENTATION, Task.DEPTH]


def test_temperature_belongs_to_classification_alone() -> None:
    config = load_trial(trial(mutual={"weight": 1}))
    assert config.mutual is not None
    assert set(config.mutual.temperature) == CLASSIFICATION_LIKE & set(config.data.tasks)
    given_to_depth = {"weight": 1, "temperature": {"segmentation": 1, "depth": 1}}
    assert "mutual.temperature" in problems(trial(mutual=given_to_depth))


@given(st.permutations([task.value for task in Task]))
def test_order_of_tasks_does_not_matter(tasks: list[str]) -> None:
    values: dict[str, object] = {
        "data": {"dataset": "rooms", "tasks": tasks},
        "mutual": {"weight": dict.fromkeys(tasks, 1.0)},
    }
    config = load_trial(values)
    assert config.data.tasks == tuple(Task)
    assert config.mutual is not None
    assert tuple(config.mutual.weight) == tuple(Task)


def test_a_single_peer_is_no_mutual_learning() -> None:
    assert load_trial(trial(mutual={"peers": 1, "weight": 3})) == load_trial(trial())
    assert load_trial(trial(mutual=None)) == load_trial(trial())


def test_two_independent_peers_are_not_one_network() -> None:
    assert load_trial(trial(mutual={"peers": 2, "weight": 0})) != load_trial(trial())


weights = st.floats(0, 10) | st.integers(0, 10)


@given(
    weight=weights | st.fixed_dictionaries({"segmentation": weights, "depth": weights}),
    temperature=st.floats(0.1, 10),
    peers=st.integers(1, 16),
    clip=st.none() | st.floats(0.1, 10),
)
def test_what_is_written_out_is_read_back(
    weight: object, temperature: float, peers: int, clip: float | None
) -> None:
    mutual = {"weight": weight, "temperature": temperature, "peers": peers}
    config = load_trial(trial(mutual=mutual, training={"clip_norm": clip}))
    assert load_trial(plain(config)) == config


def test_the_door_leaves_its_input_alone() -> None:
    values = trial(mutual={"weight": 0.3})
    before = deepcopy(values)
    load_trial(values)
    assert values == before


def test_a_baseline_keeps_data_network_and_recipe() -> None:
    config = load_trial(
        trial(
            mutual={"weight": 1},
            network={"kind": "unet", "width": 8},
            training={"epochs": 3, "batch_size": 2},
        )
    )
    baseline = single_task(config, Task.DEPTH)
    assert baseline.data.tasks == (Task.DEPTH,)
    assert (baseline.network, baseline.training) == (config.network, config.training)
    assert baseline.peers == 1
    assert load_trial(plain(baseline)) == baseline


MALFORMED = [
    ({"mutual": {"temprature": 2}}, "mutual.temprature", "did you mean 'temperature'?"),
    ({"mutal": None}, "mutal", "did you mean 'mutual'?"),
    ({"mutual": {"weight": -1}}, "mutual.weight", "found -1"),
    ({"mutual": {"weight": "1"}}, "mutual.weight", "found '1'"),
    ({"mutual": {"weight": True}}, "mutual.weight", "found True"),
    ({"mutual": {"weight": float("nan")}}, "mutual.weight", "finite"),
    ({"mutual": {"weight": float("inf")}}, "mutual.weight", "finite"),
    ({"mutual": {"weight": {"depth": 1}}}, "mutual.weight", "segmentation, depth"),
    ({"mutual": {"weight": {"depht": 1}}}, "mutual.weight.depht", "did you mean 'depth'?"),
    ({"mutual": {"weight": 1, "temperature": 0}}, "mutual.temperature", "found 0"),
    ({"mutual": {"weight": 1, "peers": 0}}, "mutual.peers", "found 0"),
    ({"mutual": {"weight": 1, "peers": 2.0}}, "mutual.peers", "found 2.0"),
    ({"mutual": {"weight": 1, "update": "both"}}, "mutual.update", "simultaneous, alternating"),
    ({"training": {"epochs": 0}}, "training.epochs", "found 0"),
    ({"training": {"epochs": True}}, "training.epochs", "found True"),
    ({"training": {"batch_size": 49}}, "training.batch_size", "exceeds train_size 48"),
    (
        {"training": {"optimizer": {"kind": "adm"}}},
        "training.optimizer.kind",
        "did you mean 'adam'?",
    ),
    ({"training": {"schedule": {"kind": "cosin"}}}, "training.schedule.kind", "'cosine'?"),
    ({"training": {"schedule": {"kind": "step", "factor": 2}}}, "training.schedule.factor", "2"),
    ({"network": {"width": 8}}, "network.kind", "is missing"),
    ({"network": {"kind": "unet", "width": 3}}, "network.width", "found 3"),
    ({"network": {"kind": "unet", "dropout": 1.0}}, "network.dropout", "less than 1, found 1.0"),
    ({"network": {"kind": "unett"}}, "network.kind", "did you mean 'unet'?"),
    ({"network": {"kind": "segnet", "dropout": 0.1}}, "network.dropout", "allowed: kind, width"),
    ({"network": {"kind": "deeplabv3", "backbone": "resnet5"}}, "network.backbone", "'resnet50'?"),
    ({"network": {"kind": "custom"}}, "network.function", "is missing"),
    (
        {"network": {"kind": "custom", "function": "mine"}},
        "network.function",
        "should look like package.module:function, found 'mine'",
    ),
    (
        {"network": {"kind": "custom", "function": "a.b:c", "options": {"depth": [1]}}},
        "network.options.depth",
        "takes text, a number, true, false or null, found [1]",
    ),
    ({"weighting": {"kind": "cagrd"}}, "weighting.kind", "did you mean 'cagrad'?"),
    ({"weighting": {"temperature": 2}}, "weighting.kind", "is missing"),
    ({"weighting": {"kind": "cagrad", "temperature": 2}}, "weighting.temperature", "kind, c)"),
    ({"scd": {"weight": -1}}, "scd.weight", "found -1"),
    ({"scd": {"temperature": {"depth": 1}}}, "scd.temperature", "name each of segmentation,"),
    ({"scd": {"blocks": "both"}}, "scd.blocks", "allowed: grouped, one, each"),
    ({"scd": {"grouping_threshold": 1.5}}, "scd.grouping_threshold", "found 1.5"),
    ({"scd": {"stage_epochs": 0}}, "scd.stage_epochs", "found 0"),
    ({"scd": {"queue": [["segmentation"], ["depht"]]}}, "scd.queue.1.0", "mean 'depth'?"),
    ({"scd": {"queue": [["segmentation", "depth"], []]}}, "scd.queue.1", "at least 1, found []"),
    ({"scd": {"adaptor": {"learning_rat": 1}}}, "scd.adaptor.learning_rat", "'learning_rate'?"),
    ({"okd_mtl": {"weight": True}}, "okd_mtl.weight", "found True"),
    ({"okd_mtl": {"weight": {"depth": 1}}}, "okd_mtl.weight", "segmentation, depth"),
    ({"r_drop": {"wieght": 1}}, "r_drop.wieght", "did you mean 'weight'?"),
    ({"mutual": {"peers": None}}, "mutual.peers", "valid integer, found None"),
    ({"mutual": {"peers": 17}}, "mutual.peers", "16, found 17"),
    ({"mutual": {"peers": []}}, "mutual.peers", "at least 1, found []"),
    ({"mutual": {"peers": [2]}}, "mutual.peers.0", "found 2"),
    ({"mutual": {"peers": [{}]}}, "mutual.peers.0.kind", "is missing"),
    ({"mutual": {"peers": [{"kind": "unet", "width": 3}]}}, "mutual.peers.0.width", "found 3"),
    (
        {"mutual": {"peers": [{"kind": "unet"}, {"kind": "segnet", "wdth": 8}]}},
        "mutual.peers.1.wdth",
        "did you mean 'width'?",
    ),
    ({"mutual": {"peers": [{"kind": "unet"}] * 17}}, "mutual.peers", "at most 16"),
    ({"data": {"dataset": "room", "tasks": ["depth"]}}, "data.dataset", "did you mean 'rooms'?"),
    ({"data": {"tasks": ["depth"]}}, "data.dataset", "is missing"),
    ({"data": {"dataset": "rooms", "tasks": []}}, "data.tasks", "at least 1"),
    ({"data": {"dataset": "rooms", "tasks": ["depht"]}}, "data.tasks.0", "did you mean 'depth'?"),
    ({"data": {"dataset": "rooms", "tasks": ["depth", "depth"]}}, "data.tasks", "named twice"),
    ({"data": {"dataset": "nyuv2", "tasks": ["albedo"]}}, "data.tasks", "nyuv2 has no albedo"),
    (
        {"data": {"dataset": "rooms", "tasks": ["depth"], "image_size": [50, 64]}},
        "data.image_size.0",
        "multiple of 8",
    ),
]


@pytest.mark.parametrize(("sections", "path", "message"), MALFORMED)
def test_a_mistake_is_named_once_under_its_path(
    sections: dict[str, object], path: str, message: str
) -> None:
    found = problems({**trial(), **sections})
    assert list(found) == [path]
    assert message in found[path]


def test_every_problem_is_told_at_once() -> None:
    values = trial(mutual={"weight": -1, "temperature": 0}, training={"epochs": 0})
    with pytest.raises(ConfigError) as error:
        load_trial(values, what="my.yaml")
    assert str(error.value).startswith("my.yaml cannot be used:\n")
    for path in ("mutual.weight", "mutual.temperature", "training.epochs"):
        assert f"  {path}: " in str(error.value)
    assert error.value.exit_code == 2


def test_defaults_are_plain_deep_mutual_learning() -> None:
    config = load_trial(trial(mutual={}))
    assert isinstance(config, TrialConfig)
    assert config.mutual is not None
    assert set(config.mutual.weight.values()) == {1.0}
    assert set(config.mutual.temperature.values()) == {1.0}
