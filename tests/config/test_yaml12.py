"""YAML as people mean it: numbers of YAML 1.2, nothing given twice, nothing endless."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdml_tune.config.yaml12 import MOST_CHARACTERS, parse_yaml, read_yaml
from mdml_tune.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1e3", 1000.0),
        ("+1.5E+2", 150.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("010", 10),
        ("-7", -7),
        ("on", "on"),
        ("no", "no"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12:30:45", "12:30:45"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("2026-08-01", "2026-08-01"),
        ("'1e-3'", "1e-3"),
        ("１", "１"),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("a: &x {b: 1}\nc: *x", {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_reads_what_yaml_1_2_reads(text: str, value: object) -> None:
    found = parse_yaml(text)
    assert found == value
    assert type(found) is type(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_that_python_writes_is_read(number: float) -> None:
    assert parse_yaml(repr(number)) == number


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lr: 1\nb: 2\nlr: 3", "line 3: 'lr' is given twice (first on line 1)"),
        ("a: {b: 1, b: 2}", "'b' is given twice"),
        ("a: .nan", "line 1: .nan is not a finite number"),
        ("a: -.inf", "not a finite number"),
        ("a: 1e400", "not a finite number"),
        ("a: " + "9" * 5000, "out of range"),
        ("1: a", "a key must be text, found 1"),
        ("true: a", "a key must be text"),
        ("? [a]\n: 1", "a key must be text"),
        ("a: [1", "line 1, column 6: not valid YAML"),
        ("a: b: c", "not valid YAML"),
        ("\ta: 1", "not valid YAML"),
        ("!!python/object:os.system {}", "not valid YAML"),
        ("--- 1\n--- 2", "not valid YAML"),
        ("a\x00b", "not valid YAML"),
        ("[" * 500, "nested deeper than 60"),
        ("[" * 100 + "]" * 100, "nested deeper"),
        ("&a [*a]", "aliases"),
        (LAUGHS, "aliases"),
        ("#" * (MOST_CHARACTERS + 1), "longer than 1,000,000 characters"),
    ],
)
def test_traps_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_yaml(text)
    assert message in str(error.value)


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_a_message(text: str) -> None:
    with suppress(ConfigError):
        parse_yaml(text)


def test_a_file_is_named_in_its_message(tmp_path: Path) -> None:
    for name, content, message in (
        ("bytes.yaml", b"\xff\xfe", "is not UTF-8 text"),
        ("twice.yaml", b"a: 1\na: 2", "given twice"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ConfigError) as error:
            read_yaml(path)
        assert str(error.value).startswith(str(path))
        assert message in str(error.value)
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_yaml(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !!binary /w==", "binary"),
        ("a: !!set {x}", "set"),
        ("a: !!timestamp 2001-01-01", "timestamp"),
        ('a: "\\ud800"', "line 1: half of a character"),
        ("[" * 3000, "nested deeper than 60"),
    ],
)
def test_what_is_no_plain_value_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_yaml(text)
