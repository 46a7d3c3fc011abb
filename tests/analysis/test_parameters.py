from dataclasses import replace

from synthetic import searched, study

from mdml_tune.analysis.parameters import columns, full_length
from mdml_tune.analysis.subject import subject_of
from mdml_tune.records import Status, StudyRecord, Value


def of(*settings: dict[str, Value], trial: dict[str, object] | None = None) -> StudyRecord:
    trials = (searched(f"c{i}", -float(i), parameters=p) for i, p in enumerate(settings))
    return replace(study(*trials), study={"trial": trial or {}})


def test_columns() -> None:
    record = of(
        {"same": 1, "kind": "b", "flag": True, "part": 2},
        {"same": 1, "kind": "a", "flag": False, "part": 0.5},
        {"same": 1, "kind": "b", "flag": True},
    )
    found = {column.name: column for column in columns(record, subject_of(record).searched)}
    assert list(found) == ["kind", "flag", "part"]  # what never varies says nothing
    assert found["kind"].options == ("a", "b")
    assert list(found["kind"].numbers((0, 1, 2))) == [1, 0, 1]
    assert not found["flag"].is_numeric
    assert found["part"].holders == (0, 1)
    assert list(found["part"].numbers((0, 1))) == [2, 0.5]
    assert found["part"].is_numeric
    assert not found["part"].is_whole


def test_an_axis_is_log_where_the_study_file_says_so() -> None:
    settings: list[dict[str, Value]] = [
        {"even": 0.01, "log": 0.5, "steps": 2, "unknown": 0.01},
        {"even": 0.9, "log": 0.9, "steps": 64, "unknown": 0.9},
    ]
    trial: dict[str, object] = {
        "even": {"uniform": [0.0, 1.0]},
        "log": {"log_uniform": [0.1, 1.0]},
        "steps": {"choice": [2, 64]},
    }
    record = of(*settings, trial=trial)
    found = columns(record, subject_of(record).searched)
    assert {column.name: column.is_log for column in found} == {
        "even": False,
        "log": True,
        "steps": True,  # a choice says nothing: more than a decade
        "unknown": True,
    }


def test_a_log_axis_is_for_positive_numbers() -> None:
    trial: dict[str, object] = {
        "text": {"log_uniform": [0.1, 1.0]},
        "zero": {"log_uniform": [0.1, 1.0]},
    }
    record = of({"text": "off", "zero": 0.0}, {"text": 0.5, "zero": 0.5}, trial=trial)
    found = columns(record, subject_of(record).searched)
    assert [column.is_log for column in found] == [False, False]


def test_a_study_file_of_another_version_says_nothing() -> None:
    record = of({"a": 0.01}, {"a": 0.9}, trial={"a": {"log_uniform": [1]}})
    (column,) = columns(record, subject_of(record).searched)
    assert column.is_log  # more than a decade


def test_only_what_was_trained_equally_long_is_compared() -> None:
    record = study(
        searched("whole", 1.0, epochs=6),
        searched("stopped", 9.0, epochs=6, status=Status.PRUNED),
        searched("failed", 9.0, epochs=6, status=Status.FAILED),
        searched("shorter", 9.0, epochs=3),
    )
    assert [row.config_id for row in full_length(subject_of(record).searched)] == ["whole"]
    assert full_length(()) == ()


def test_a_length_that_is_searched_is_a_parameter() -> None:
    record = study(
        searched("long", 1.0, epochs=6, parameters={"training.epochs": 6}),
        searched("short", 2.0, epochs=3, parameters={"training.epochs": 3}),
    )
    assert [row.config_id for row in full_length(subject_of(record).searched)] == ["short", "long"]
