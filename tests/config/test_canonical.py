"""Configurations that train alike are equal, and no others."""

import json
from copy import deepcopy
from typing import Any

import drawn
import pytest
from drawn import Values, trials
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mdml_tune.config.canonical import canonical
from mdml_tune.config.identity import config_id
from mdml_tune.config.load import equal_weighting, load_trial, single_task, with_queue
from mdml_tune.config.network import NetworkConfig, UNetConfig
from mdml_tune.config.schema import plain
from mdml_tune.config.training import ScheduleConfig
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.weighting import WeightingConfig
from mdml_tune.errors import ConfigError
from mdml_tune.tasks import Task

S, D, N, E, A = (task.value for task in Task)
ROOMS = {"dataset": "rooms", "tasks": [S, D, N]}
U8, U16 = {"kind": "unet", "width": 8}, {"kind": "unet", "width": 16}
NO_TEACHING = {"temperature": 4, "update": "alternating", "target": "mean", "fusion": "convex"}
FOUND = {"blocks": "each", "similarity": "rsa_spearman", "grouping_threshold": -1}


def trial(sections: Values) -> TrialConfig:
    return load_trial({"data": ROOMS, **deepcopy(sections)})


def mutual(**settings: object) -> Values:
    return {"mutual": settings}


def scd(**settings: object) -> Values:
    return {"scd": settings}


ALIKE = [
    # a single network
    (mutual(peers=1, weight=3), {}),
    (mutual(peers=[U8], weight=3), {"network": U8}),
    ({"scd": None, "okd_mtl": None, "r_drop": None, "mutual": None}, {}),
    # peers
    (mutual(peers=[U8, U8, U8]), {"network": U8, **mutual(peers=3)}),
    (mutual(peers=[U8, U16]), {"network": U8, **mutual(peers=[U8, U16])}),
    (mutual(peers=2, target="mean"), mutual()),
    (mutual(peers=[U8, U16], target="mean"), mutual(peers=[U8, U16])),
    # peers that nobody imitates
    (mutual(peers=3, weight=0, warmup_epochs=9, ramp=2, **NO_TEACHING), mutual(peers=3, weight=0)),
    (mutual(peers=[U8, U16], weight=0, ramp=2), mutual(peers=[U8, U16], weight=0)),
    (
        mutual(weight={S: 0, D: 1, N: 1}, temperature=4),
        mutual(weight={N: 1, D: 1, S: 0}, temperature=1),
    ),
    # distillation that costs nothing
    (scd(weight=0), {}),
    (scd(weight={S: 0, D: 0, N: 0}, stage_epochs=7), {}),
    (scd(weight={S: 0, D: 1, N: 1}, temperature=4), scd(weight={S: 0, D: 1, N: 1})),
    # what the kind of distillation does not use
    (scd(adaptor={"learning_rate": 1}, target="block_mean"), scd()),
    (scd(distil="features", temperature=4), scd(distil="features")),
    # a queue that is known
    (scd(blocks="one", stage_epochs=7, order="random"), scd(queue=[[N, D, S]])),
    (scd(queue=[[S, D, N]], activation="exclusive", **FOUND), scd(blocks="one")),
    (scd(queue=[[D, S], [N]], order="simple_first", linkage="single"), scd(queue=[[S, D], [N]])),
    (scd(queue=[[D, S], [N]], **FOUND), scd(queue=[[S, D], [N]])),
    (scd(blocks="each", order="random"), scd(queue=[[N], [D], [S]], order="random")),
    (scd(queue=[[N], [D, S]], order="random"), scd(queue=[[S, D], [N]], order="random")),
    # a queue that is not, in which the grouping has no say
    (scd(blocks="each", linkage="single", grouping_threshold=0), scd(blocks="each")),
    (scd(blocks="each", similarity="gradient_cosine"), scd(blocks="each")),
]


def changes(*settings: Values) -> Values:
    return {"changes": list(settings)}


ALIKE += [
    # changes that change nothing
    (changes(), {}),
    (changes({"epoch": 3, "learning_rate": 1e-3}), {}),
    (mutual() | changes({"epoch": 3, "mimicry": 1}), mutual()),
    (mutual(peers=1) | changes({"epoch": 3, "mimicry": 5}), {}),
    (
        mutual(peers=1) | changes({"epoch": 3, "mimicry": 5, "learning_rate": 0.1}),
        changes({"epoch": 3, "learning_rate": 0.1}),
    ),
    (
        changes({"epoch": 3, "learning_rate": 0.1}, {"epoch": 5, "learning_rate": 0.1}),
        changes({"epoch": 3, "learning_rate": 0.1}),
    ),
    (
        mutual() | changes({"epoch": 3, "mimicry": 1, "learning_rate": 0.1}),
        mutual() | changes({"epoch": 3, "learning_rate": 0.1}),
    ),
    # one number, or a map in any order
    (
        mutual() | changes({"epoch": 3, "mimicry": 2}),
        mutual() | changes({"epoch": 3, "mimicry": {N: 2, D: 2, S: 2}}),
    ),
    (
        mutual() | changes({"epoch": 3, "mimicry": {N: 2, D: 3, S: 4}}),
        mutual() | changes({"epoch": 3, "mimicry": {S: 4, D: 3, N: 2}, "learning_rate": None}),
    ),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_what_trains_alike_is_equal(one: Values, other: Values) -> None:
    assert trial(one) == trial(other)
    assert config_id(trial(one)) == config_id(trial(other))


APART = [
    (mutual(weight=0), {}),
    (mutual(weight=0, peers=2), mutual(weight=0, peers=3)),
    (mutual(peers=[U8, U16], weight=0), {"network": U8, **mutual(weight=0)}),
    (mutual(peers=[U8, U16]), mutual(peers=[U16, U8])),
    (mutual(peers=3, target="mean"), mutual(peers=3)),
    (mutual(temperature=2), mutual()),
    (mutual(update="alternating"), mutual()),
    (mutual(fusion="convex"), mutual()),
    (mutual(warmup_epochs=1), mutual()),
    (mutual(ramp=1), mutual()),
    (mutual(weight={S: 1, D: 0, N: 0}, temperature=4), mutual(weight={S: 1, D: 0, N: 0})),
    (scd(), {}),
    (scd(temperature=2), scd()),
    (scd(distil="features"), scd()),
    (scd(distil="features", adaptor={"learning_rate": 1}), scd(distil="features")),
    (scd(distil="features", target="block_mean"), scd(distil="features")),
    (scd(weight={S: 1, D: 0, N: 0}, temperature=4), scd(weight={S: 1, D: 0, N: 0})),
    (scd(similarity="rsa_spearman"), scd()),
    (scd(linkage="single"), scd()),
    (scd(grouping_threshold=0.4), scd()),
    (scd(blocks="each"), scd()),
    (scd(order="simple_first"), scd()),
    (scd(blocks="each", order="simple_first"), scd(blocks="each")),
    (scd(activation="exclusive"), scd()),
    (scd(stage_epochs=4), scd()),
    (scd(queue=[[S], [D, N]]), scd(queue=[[D, N], [S]])),
    (scd(queue=[[S], [D, N]]), scd(queue=[[S, D], [N]])),
    (scd(queue=[[S], [D, N]], order="random"), scd(queue=[[S], [D, N]])),
    (scd(queue=[[S], [D, N]], activation="exclusive"), scd(queue=[[S], [D, N]])),
    (scd(queue=[[S], [D, N]], stage_epochs=4), scd(queue=[[S], [D, N]])),
    ({"okd_mtl": {"weight": 0}}, {}),
    ({"weighting": {"kind": "si"}}, {}),
]

APART += [
    (changes({"epoch": 3, "learning_rate": 0.1}), {}),
    (changes({"epoch": 3, "learning_rate": 0.1}), changes({"epoch": 4, "learning_rate": 0.1})),
    (changes({"epoch": 3, "learning_rate": 0.1}), changes({"epoch": 3, "learning_rate": 0.2})),
    (
        changes({"epoch": 3, "learning_rate": 0.1}, {"epoch": 5, "learning_rate": 1e-3}),
        changes({"epoch": 3, "learning_rate": 0.1}),
    ),
    (mutual() | changes({"epoch": 3, "mimicry": 2}), mutual()),
    (mutual() | changes({"epoch": 3, "mimicry": 0}), mutual()),
    # peers that nobody imitates at first
    (mutual(weight=0) | changes({"epoch": 3, "mimicry": 2}), mutual(weight=0)),
    (
        mutual(weight=0, update="alternating") | changes({"epoch": 3, "mimicry": 2}),
        mutual(weight=0) | changes({"epoch": 3, "mimicry": 2}),
    ),
    (
        mutual(weight=0, temperature=4) | changes({"epoch": 3, "mimicry": 2}),
        mutual(weight=0) | changes({"epoch": 3, "mimicry": 2}),
    ),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_trains_otherwise_is_not(one: Values, other: Values) -> None:
    assert trial(one) != trial(other)
    assert config_id(trial(one)) != config_id(trial(other))


def test_tasks_of_a_change_are_in_the_order_of_the_vocabulary() -> None:
    (change,) = trial(mutual() | changes({"epoch": 3, "mimicry": {N: 2, S: 3, D: 4}})).changes
    assert list(change.mimicry or {}) == [Task.SEGMENTATION, Task.DEPTH, Task.NORMALS]


@pytest.mark.parametrize(
    "settings", [{}, {"blocks": "each"}, {"blocks": "each", "order": "random"}]
)
def test_of_one_task_there_is_one_block(settings: Values) -> None:
    alone = {"data": {"dataset": "rooms", "tasks": [D]}, "training": {"epochs": 3}}
    found = trial({**alone, "scd": settings})
    assert found == trial({**alone, "scd": {"queue": [[D]]}})


@settings(max_examples=60)
@given(trials())
def test_what_is_written_out_is_read_back(values: Values) -> None:
    config = load_trial(values)
    written = plain(config)
    again = load_trial(json.loads(json.dumps(written)))
    assert again == config
    assert plain(again) == written
    assert canonical(config) == config
    assert config_id(again) == config_id(config)


@settings(max_examples=40)
@given(trials(), st.randoms())
def test_the_order_in_which_things_are_written_does_not_matter(values: Values, chance: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = chance.sample(list(value), len(value))
            return {key: shuffled(value[key]) for key in keys}
        return value

    other = shuffled(values)
    chance.shuffle(other["data"]["tasks"])
    assert config_id(load_trial(other)) == config_id(load_trial(values))


@settings(max_examples=25)
@given(trials())
def test_references_keep_data_network_and_recipe(values: Values) -> None:
    config = load_trial(values)
    for task in config.data.tasks:
        alone = single_task(config, task)
        assert alone.data.tasks == (task,)
        assert (alone.network, alone.training) == (config.network, config.training)
        assert load_trial(plain(alone)) == alone
    together = equal_weighting(config)
    assert together == load_trial({key: values[key] for key in ("data", "network", "training")})


def test_baselines_copy_the_first_of_the_peers() -> None:
    config = trial({**mutual(peers=[U16, U8]), **scd()})
    assert config.network == UNetConfig(width=16)
    assert [network.width for network in config.networks] == [16, 8]  # type: ignore[union-attr]
    assert single_task(config, Task.DEPTH).network == UNetConfig(width=16)
    assert equal_weighting(config).networks == (UNetConfig(width=16),)


QUEUE = ((Task.NORMALS,), (Task.SEGMENTATION, Task.DEPTH))


def test_a_threshold_counts_as_the_queue_it_leads_to() -> None:
    written = trial({**mutual(), **scd(queue=[[N], [D, S]], stage_epochs=7)})
    for threshold, order in ((0.2, "complex_first"), (0.9, "simple_first")):
        searched = {"grouping_threshold": threshold, "order": order, "stage_epochs": 7}
        config = trial({**mutual(), **scd(**searched)})
        assert with_queue(config, QUEUE) == written
        assert config.scd is not None
        assert config.scd.queue is None  # what was searched is left as it was


def test_of_one_block_neither_order_nor_stages_count() -> None:
    everything = ((Task.SEGMENTATION, Task.DEPTH, Task.NORMALS),)
    found = with_queue(trial(scd(stage_epochs=7, order="random")), everything)
    assert found == trial(scd(blocks="one"))


def test_an_order_of_chance_stays_one() -> None:
    found = with_queue(trial(scd(order="random")), QUEUE)
    assert found == trial(scd(queue=[[S, D], [N]], order="random"))


def test_a_queue_must_name_each_task_once() -> None:
    with pytest.raises(ConfigError, match=r"scd\.queue: names normals; it must name each of"):
        with_queue(trial(scd()), ((Task.NORMALS,),))


@pytest.mark.parametrize(
    ("union", "drawn_kinds"),
    [
        (WeightingConfig, drawn.WEIGHTINGS),
        (NetworkConfig, drawn.NETWORKS),
        (ScheduleConfig, drawn.SCHEDULES),
    ],
)
def test_no_kind_is_forgotten_above(union: Any, drawn_kinds: Values) -> None:
    mapping = TypeAdapter(union).json_schema()["discriminator"]["mapping"]
    assert set(mapping) == set(drawn_kinds)
