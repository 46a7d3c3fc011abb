"""From what the baselines have shown to the queue of a trial."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrices import matrix_of

from mdml_tune.config.identity import config_id
from mdml_tune.config.load import load_trial
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ReportError
from mdml_tune.scd.partition import partition_at
from mdml_tune.scd.relations import Needs, Relations, needs, resolved
from mdml_tune.tasks import Task

S, D, N, E, A = Task
TASKS = (S, D, N)

CKA = matrix_of({(S, N): 0.6, (S, D): 0.3, (D, N): 0.2}, TASKS)
COSINE = matrix_of({(S, N): -0.1, (S, D): 0.1, (D, N): -0.4}, TASKS)

RELATIONS = Relations.of_seeds(
    TASKS,
    {"linear_cka": [CKA], "gradient_cosine": [COSINE]},
    [{S: -2.5, D: -18.6, N: 18.5}],
    seeds=1,
)


def trial(tasks: tuple[Task, ...] = TASKS, **scd: object) -> TrialConfig:
    return load_trial({"data": {"dataset": "rooms", "tasks": list(tasks)}, "scd": scd})


def queue(**scd: object) -> tuple[tuple[Task, ...], ...]:
    found = resolved(trial(**scd), RELATIONS).scd
    assert found is not None
    assert found.queue is not None
    return found.queue


def test_similar_tasks_share_a_block_and_complex_blocks_come_first() -> None:
    # Means of complexity: segmentation and normals 8, depth -18.6; alone, normals 18.5.
    assert queue(grouping_threshold=0.5) == ((S, N), (D,))
    assert queue(grouping_threshold=0.5, order="simple_first") == ((D,), (S, N))
    assert queue(grouping_threshold=0.7) == ((N,), (S,), (D,))
    assert queue(grouping_threshold=0.1) == ((S, D, N),)


def test_similarity_and_linkage_are_those_of_the_trial() -> None:
    assert queue(similarity="gradient_cosine", grouping_threshold=0.0) == ((N,), (S, D))
    # Depth joins at (0.3 + 0.2) / 2, or where the nearest, 0.3, lets it.
    assert len(queue(grouping_threshold=0.28)) == 2
    assert len(queue(grouping_threshold=0.28, linkage="single")) == 1


def test_other_blocks_need_no_similarity() -> None:
    assert queue(blocks="each", order="simple_first") == ((D,), (S,), (N,))
    assert queue(blocks="one") == (TASKS,)
    nothing = Relations(tasks=TASKS, similarity={}, complexity={S: 0, D: 1, N: 2}, seeds=1)
    assert resolved(trial(blocks="each"), nothing).scd.queue == ((N,), (D,), (S,))


def test_what_is_known_already_is_left_alone() -> None:
    without = load_trial({"data": {"dataset": "rooms", "tasks": ["depth"]}})
    given_queue = trial(queue=[["depth"], ["segmentation", "normals"]])
    for config in (without, given_queue):
        assert resolved(config, RELATIONS) is config


settings_of_order = st.sampled_from(["complex_first", "simple_first", "random"])
linkages = st.sampled_from(["average", "single"])


@given(st.floats(0, 1), st.floats(0, 1), linkages, settings_of_order)
def test_two_thresholds_with_one_partition_are_one_configuration(
    one: float, other: float, linkage: str, order: str
) -> None:
    found = [
        resolved(trial(grouping_threshold=t, linkage=linkage, order=order), RELATIONS)
        for t in (one, other)
    ]
    partitions = [partition_at(CKA, TASKS, t, linkage) for t in (one, other)]
    assert (partitions[0] == partitions[1]) == (found[0] == found[1])
    assert (found[0] == found[1]) == (config_id(found[0]) == config_id(found[1]))


def test_how_a_queue_was_found_does_not_matter() -> None:
    by_cosine = trial(similarity="gradient_cosine", grouping_threshold=1.0)
    by_cka = trial(similarity="linear_cka", grouping_threshold=0.9)
    each = trial(blocks="each")
    assert len({config_id(resolved(c, RELATIONS)) for c in (by_cosine, by_cka, each)}) == 1


def test_an_order_of_chance_is_left_to_the_seed() -> None:
    config = resolved(trial(grouping_threshold=0.5, order="random"), RELATIONS)
    assert config.scd.order == "random"
    assert config.scd.queue == ((S, N), (D,))
    assert config != resolved(trial(grouping_threshold=0.5), RELATIONS)
    without = Relations(tasks=TASKS, similarity={"linear_cka": CKA}, seeds=1)
    assert resolved(trial(grouping_threshold=0.5, order="random"), without) == config


@given(st.floats(0, 1), settings_of_order, st.sampled_from(["grouped", "one", "each"]))
def test_resolving_again_changes_nothing(threshold: float, order: str, blocks: str) -> None:
    config = resolved(trial(grouping_threshold=threshold, order=order, blocks=blocks), RELATIONS)
    assert resolved(config, RELATIONS) is config
    assert needs([config]) == Needs(frozenset(), complexity=False)


@given(
    st.floats(0, 1),
    settings_of_order,
    st.sampled_from(["grouped", "one", "each"]),
    st.sampled_from(["linear_cka", "gradient_cosine"]),
)
def test_what_is_needed_is_enough(
    threshold: float, order: str, blocks: str, similarity: str
) -> None:
    config = trial(grouping_threshold=threshold, order=order, blocks=blocks, similarity=similarity)
    wanted = needs([config])
    just = Relations(
        tasks=TASKS,
        similarity={kind: RELATIONS.similarity[kind] for kind in wanted.similarities},
        complexity=RELATIONS.complexity if wanted.complexity else None,
        seeds=1,
    )
    assert resolved(config, just) == resolved(config, RELATIONS)


def test_needs_are_gathered_over_configurations() -> None:
    plain = load_trial({"data": {"dataset": "rooms", "tasks": ["depth"]}})
    assert needs([plain, trial(blocks="one")]) == Needs(frozenset(), complexity=False)
    assert needs([trial(blocks="each")]) == Needs(frozenset(), complexity=True)
    shuffled = [trial(order="random"), trial(order="random", similarity="rsa_spearman")]
    assert needs(shuffled) == Needs(frozenset({"linear_cka", "rsa_spearman"}), complexity=False)
    assert needs([*shuffled, plain, trial()]).complexity


def test_one_task_needs_nothing() -> None:
    config = trial((D,))
    assert needs([config]) == Needs(frozenset(), complexity=False)
    nothing = Relations(tasks=(D,), similarity={}, seeds=1)
    assert resolved(config, nothing).scd.queue == ((D,),)


def test_what_is_lacking_is_named() -> None:
    with pytest.raises(ReportError, match="rsa_spearman"):
        resolved(trial(similarity="rsa_spearman"), RELATIONS)
    without = Relations(tasks=TASKS, similarity={"linear_cka": CKA}, seeds=1)
    with pytest.raises(ReportError, match="complexity"):
        resolved(trial(grouping_threshold=0.5), without)
    assert resolved(trial(grouping_threshold=0.0), without).scd.queue == (TASKS,)


def test_seeds_are_averaged_before_the_range_is_kept() -> None:
    # Unbiased estimates of one pair: -0.1 and 0.3 are 0.1, not (0 + 0.3) / 2.
    pairs = [{(S, D): -0.1, (S, N): -0.2, (D, N): 1.02}, {(S, D): 0.3, (D, N): 1.0}]
    matrices = [matrix_of(of_seed, TASKS) for of_seed in pairs]
    relations = Relations.of_seeds(
        TASKS,
        {"linear_cka": matrices, "gradient_cosine": matrices},
        [{S: 1, D: 2, N: 3}, {S: 2, D: 4, N: 3}],
        seeds=2,
    )
    cka = relations.similarity["linear_cka"]
    assert (cka[0][1], cka[0][2], cka[1][2], cka[0][0]) == pytest.approx((0.1, 0.0, 1.0, 1.0))
    assert relations.similarity["gradient_cosine"][0][2] == pytest.approx(-0.1)
    assert relations.complexity == {S: 1.5, D: 3, N: 3}
    assert relations.complexity_per_seed == ({S: 1, D: 2, N: 3}, {S: 2, D: 4, N: 3})


@pytest.mark.parametrize(
    "relations", [RELATIONS, Relations(tasks=TASKS, similarity={}, seeds=3)], ids=["all", "none"]
)
def test_they_survive_their_file(relations: Relations) -> None:
    values = json.loads(json.dumps(relations.as_values()))
    assert values == relations.as_values()
    assert Relations.from_values(values) == relations


def test_plain_values_are_plain() -> None:
    def kinds(value: object) -> set[type]:
        match value:
            case dict():
                return {t for pair in value.items() for part in pair for t in kinds(part)}
            case list():
                return {t for part in value for t in kinds(part)}
        return {type(value)}

    assert kinds(RELATIONS.as_values()) == {str, int, float}


def test_another_versions_file_is_refused() -> None:
    with pytest.raises(ReportError, match=r"version 99.*reads 1"):
        Relations.from_values(RELATIONS.as_values() | {"version": 99})
