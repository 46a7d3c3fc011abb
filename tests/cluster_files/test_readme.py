"""What the READMEs tell to type on a cluster exists: programs' flags, files, studies, settings, anchors."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import pytest
import ray.scripts.scripts
import typer.main
import yaml
from cluster_edits import found_in, make_sources
from cluster_files.shipped import PROJECT, launcher
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.autoscaler.sdk import get_docker_host_mount_location

from mdml_tune.cli.checking.checks import Check
from mdml_tune.cli.main import app
from mdml_tune.spaces.load import load_study

FOLDER = PROJECT / "cluster"
TEXT = (FOLDER / "README.md").read_text()
IN_SHORT = (PROJECT / "README.md").read_text().split("## On a cluster")[1].split("\n## ")[0]
OURS = typer.main.get_command(app)
RAYS = ray.scripts.scripts.cli


def commands() -> Iterator[list[str]]:
    """Each line of a shell block, and each command between backticks, as words."""
    for block in re.findall(r"```sh\n(.*?)```", TEXT + IN_SHORT, re.DOTALL):
        for line in block.splitlines():
            if words := shlex.split(line, comments=True):
                yield words
    for quoted in re.findall(r"`((?:ray|mdml-tune|python|bash) [^`]+)`", TEXT):
        yield shlex.split(quoted)


def inside(words: list[str]) -> Iterator[list[str]]:
    """The command, and the ones that it has others run."""
    yield words
    for word in words:
        if re.search(r"(^|; )mdml-tune ", word):
            yield shlex.split(word.rpartition("; ")[2])


RAY = [words for words in commands() if words[0] == "ray"]
TUNE = [w for words in commands() for w in inside(words) if w[0] == "mdml-tune"]
SEARCHED = [
    words[words.index("--") + 1 :] for words in RAY if words[1] == "submit" and "--" in words
]


def options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


@pytest.mark.parametrize("words", RAY, ids=" ".join)
def test_ray_knows_it(words: list[str]) -> None:
    command: click.Command = RAYS
    rest = words[1:]
    while isinstance(command, click.Group):
        command = command.commands[rest.pop(0)]
    end = rest.index("--") if "--" in rest else len(rest)
    flags = [word for word in rest[:end] if re.match(r"--?[a-z]", word)]
    assert set(flags) <= options(command)
    for word in rest[:end]:
        if re.match(r"(cluster|mdml_tune)/", word):
            assert (PROJECT / word).is_file()


def ours(words: list[str]) -> None:
    """Whether `mdml-tune WORDS` has such a command, flags, study and settings."""
    command = OURS.commands[words[0]]  # pyright: ignore[reportAttributeAccessIssue]
    flags = [word for word in words[1:] if word.startswith("--")]
    assert set(flags) <= options(command)
    settings = [value for flag, value in pairwise(words) if flag == "--set"]
    for value in settings:
        load_study("rooms_mdml", set_values=[value])


@pytest.mark.parametrize("words", TUNE, ids=" ".join)
def test_we_know_it(words: list[str]) -> None:
    ours(words[1:])


@pytest.mark.parametrize("words", SEARCHED, ids=" ".join)
def test_search_knows_it(words: list[str]) -> None:
    ours(["search", *words])
    assert not any(re.search(r"[\s;&|<>$`\"'\\]", word) for word in words)  # joined with blanks
    if words[0] != "my-first.yaml":
        load_study(words[0])


def links(text: str) -> set[str]:
    return set(re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", text))


def test_it_tells_all_files() -> None:
    linked, in_short = (links(text) for text in (TEXT, IN_SHORT))
    assert all((FOLDER / link).resolve().exists() for link in linked)
    assert all((PROJECT / link).exists() for link in in_short)
    assert {path.name for path in FOLDER.glob("*.yaml")} <= linked


def test_anchors_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= headings


def test_gpu_machines_are_bought_for_trials_that_ask_for_one() -> None:
    here = [words for words in RAY if words[1:3] == ["submit", "cluster/gpu.yaml"]]
    assert here
    for words in here:
        assert "resources.gpus=1" in words, words


def test_the_image_in_place_of_the_machines_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_sources(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (block,) = re.findall(r"```yaml\n(docker:.*?)```", TEXT, re.DOTALL)
    file = launcher("gpu")
    validate_config(prepare_config(file | yaml.safe_load(block)))
    assert {
        one.what for one in found_in([file | yaml.safe_load(block)]) if not unfilled(one)
    } == set()
    # With commands as for machines without containers, doctor says what is wrong.
    kept = {"initialization_commands": file["initialization_commands"]}
    (install, mount) = (
        one for one in found_in([file | yaml.safe_load(block) | kept]) if not unfilled(one)
    )
    assert (install.what, mount.what) == ("initialization_commands.0", "initialization_commands.1")
    for command in yaml.safe_load(block)["initialization_commands"]:
        (script,) = re.findall(r"~/mdml-tune/(\S+)\"", command)
        assert (PROJECT / script).is_file()
        assert f"{get_docker_host_mount_location(file['cluster_name'])}/~/" in command


def unfilled(check: Check) -> bool:
    return "CHANGE-ME" in check.said


def test_there_is_enough_to_check() -> None:
    assert len(RAY) > 20
    assert len(TUNE) > 5
    assert len(SEARCHED) > 5
