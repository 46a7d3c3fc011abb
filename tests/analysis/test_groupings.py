"""By which threshold a configuration was grouped, from what the study file says of it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from synthetic import searched, study

from mdml_tune.analysis.groupings import Grouping, grouping_of
from mdml_tune.analysis.ranking import rank
from mdml_tune.records import Value

OPEN = {"uniform": [0.0, 1.0]}
FIXED: dict[str, object] = {"grouping_threshold": 0.3}
CHOICE = {
    "choice": [
        None,
        {"name": "single", "linkage": "single", "grouping_threshold": OPEN},
        {"similarity": {"choice": ["rsa_spearman", "linear_cka"]}, "grouping_threshold": 0.7},
    ]
}
QUEUED = "segmentation + normals > depth"


def of(
    scd: object,
    parameters: Mapping[str, Value],
    methods: Mapping[str, object] | None = None,
    method: str | None = None,
) -> Grouping | None:
    record = study(searched("c1", 1.0, parameters=parameters, method=method))
    file = {"trial": {"scd": scd, "data": {"dataset": "rooms"}}, "methods": methods}
    record = replace(record, study=file)
    (row,) = rank(record)
    return grouping_of(record, row)


@pytest.mark.parametrize(
    ("scd", "parameters", "expected"),
    [
        (None, {}, None),
        (FIXED, {}, ("linear_cka", "average", 0.3)),
        (FIXED, {"scd.queue": QUEUED}, ("linear_cka", "average", 0.3)),
        ({}, {}, ("linear_cka", "average", 0.5)),
        ({"grouping_threshold": OPEN}, {"scd.grouping_threshold": 0.0}, ("linear_cka", "average", 0.0)),
        ({"blocks": "one"}, {}, None),
        ({"blocks": {"choice": ["each", "grouped"]}}, {"scd.blocks": "each"}, None),
        ({"queue": [["depth"]], **FIXED}, {}, None),
        (CHOICE, {"scd": "none"}, None),
        (CHOICE, {"scd": "single", "scd.grouping_threshold": 0.6}, ("linear_cka", "single", 0.6)),
        (CHOICE, {"scd": "2", "scd.similarity": "rsa_spearman"}, ("rsa_spearman", "average", 0.7)),
    ],
)  # fmt: skip
def test_what_was_set_searched_or_left_alone(
    scd: object, parameters: Mapping[str, Value], expected: tuple[str, str, float] | None
) -> None:
    assert of(scd, parameters) == (None if expected is None else Grouping(*expected))


def test_a_method_has_a_section_of_its_own() -> None:
    methods = {"plain": {"scd": None}, "scd": {"scd": {"linkage": "single"}}}
    assert of(FIXED, {}, methods, "plain") is None
    assert of(FIXED, {}, methods, "scd") == Grouping("linear_cka", "single", 0.3)


def test_a_name_may_have_dots() -> None:
    methods = {"scd 0.3": {"scd": {"linkage": "single"}}, "scd 0": {"3": {"scd": None}}}
    assert of(FIXED, {}, methods, "scd 0.3") == Grouping("linear_cka", "single", 0.3)


@pytest.mark.parametrize("threshold", [OPEN, None, "high"])
def test_what_is_no_number_is_no_threshold(threshold: object) -> None:
    assert of({"grouping_threshold": threshold}, {}) is None


def test_a_study_without_a_file_has_none() -> None:
    record = study(searched("c1", 1.0))
    assert grouping_of(record, rank(record)[0]) is None
