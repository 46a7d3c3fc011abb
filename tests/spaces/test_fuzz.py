"""Whatever is thrown at the door, it answers with a study that runs or with paths and words."""

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mdml_tune.config.schema import plain
from mdml_tune.errors import ConfigError
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.differences import differences
from mdml_tune.spaces.extends import extended
from mdml_tune.spaces.load import load_study
from mdml_tune.spaces.overrides import overridden
from mdml_tune.spaces.study import Study

VALUES: dict[str, Any] = load_study("rooms_mdml").values
CLAIM: dict[str, Any] = load_study("rooms_claim").values
RICH: dict[str, Any] = {
    **VALUES,
    "require": ["mutual.warmup_epochs < training.epochs", "mutual.temperature >= 1.5"],
    "search": {
        **VALUES["search"],
        "start_with": [{"mutual.temperature": 2}, {"mutual.weight.depth": 1}],
        "stages": [{"seeds": 1}, {"seeds": 3, "top": 2}],
        "objective": ["delta_m/depth", "delta_m/normals"],
    },
}


def paths(value: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield above
    if isinstance(value, dict):
        for key, below in value.items():
            yield from paths(below, (*above, key))


KNOWN = sorted({path for values in (VALUES, CLAIM, RICH) for path in paths(values) if path})
words = st.sampled_from(["uniform", "int", "choice", "name", "kind", "depth", "mutual", "none", ""])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 100)
    | st.sampled_from([10**30, -(10**400)])
    | st.floats()
    | words
    | st.text(max_size=3)
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=5,
)


def replaced(values: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    changed: Any = deepcopy(values)
    here = changed
    for key in path[:-1]:
        here = here.get(key) if isinstance(here, dict) else None
    if isinstance(here, dict):
        here[path[-1]] = value
    return changed


@given(
    st.sampled_from([VALUES, CLAIM, RICH]),
    st.lists(st.tuples(st.sampled_from(KNOWN), anything), min_size=1, max_size=3),
)
def test_a_study_or_problems(
    values: dict[str, Any], changes: list[tuple[tuple[str, ...], object]]
) -> None:
    for path, value in changes:
        values = replaced(values, path, value)
    result = check_study(values)
    if isinstance(result, Study):
        assert check_study(json.loads(json.dumps(result.values))) == result
        for config in result.corners:
            assert result.allows(plain(config))
        for start in result.search.start_with:
            assert len(result.space.assignment_of(start)) == len(start)
        assert [result.baseline_config(task).data.tasks for task in result.tasks]
        assert differences(result.values, json.loads(json.dumps(result.values))) == []
        return
    assert result
    assert all(problem.path and problem.message for problem in result)
    assert len({problem.path for problem in result}) == len(result)


@given(
    st.sampled_from([VALUES, CLAIM, RICH]),
    st.lists(words | st.sampled_from(["0", "3", "mutual_peers"]), max_size=3),
    st.sampled_from(KNOWN),
    st.sampled_from(["=", "=1", "=null", "=x", "=[", "=-.inf", ""]) | st.text(max_size=3),
)
def test_set_gives_a_study_or_a_message(
    values: dict[str, Any], more: list[str], path: tuple[str, ...], value: str
) -> None:
    before = deepcopy(values)
    with suppress(ConfigError):
        changed = overridden(values, ".".join([*path, *more]) + value)
        assert isinstance(check_study(changed), Study | list)
    assert values == before


@settings(max_examples=40)
@given(
    st.sampled_from([VALUES, CLAIM, RICH]),
    st.dictionaries(st.sampled_from(sorted(RICH)), anything, max_size=2),
    st.lists(st.tuples(st.sampled_from(KNOWN), anything), max_size=2),
)
def test_an_extension_gives_a_study_or_problems(
    values: dict[str, Any], over: dict[str, Any], changes: list[tuple[tuple[str, ...], object]]
) -> None:
    before = deepcopy(values)
    for path, value in changes:
        for key in reversed(path[1:]):
            value = {key: value}  # noqa: PLW2901
        over[path[0]] = value
    assert isinstance(check_study(extended(values, over)), Study | list)
    assert repr(values) == repr(before)
