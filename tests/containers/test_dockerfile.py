"""docker/Dockerfile, and the small files beside it."""

import json
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from containers.composed import DOCKERFILE, ROOT, Image, compose
from packaging.requirements import Requirement

import mdml_tune

DOCKER = ROOT / "docker"
IMAGE = Image.of_dockerfile()
TEXT = DOCKERFILE.read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def copied() -> list[str]:
    """What ``COPY`` takes from the clone."""
    plain = [rest.split() for word, rest in IMAGE.instructions if word == "COPY"]
    return [source for *sources, _ in plain for source in sources]


def values(instruction: str) -> list[str]:
    return [rest for word, rest in IMAGE.instructions if word == instruction]


@pytest.mark.parametrize("source", copied())
def test_what_is_copied_exists_and_reaches_the_builder(source: str) -> None:
    assert (ROOT / source).exists()
    ignore = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignore
    assert f"!{source}" in ignore


def test_the_builder_sees_nothing_else() -> None:
    ignore = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert {at[1:] for at in ignore if at.startswith("!")} == set(copied())


def test_it_runs_as_a_numbered_user_who_is_not_root() -> None:
    assert "UID=10001" in values("ARG")
    assert values("USER") == ["${UID}:${UID}"]


def test_a_process_waits_for_orphans_and_passes_signals_on() -> None:
    assert json.loads(values("ENTRYPOINT")[-1]) == ["/usr/bin/tini", "--"]
    assert " tini " in TEXT


def test_it_has_what_ray_submit_and_kuberay_run_in_it() -> None:
    for program in ("rsync", "openssh-client", "tmux", "wget"):
        assert re.search(rf"\b{program}\b", values("RUN")[2])
    assert IMAGE.environment["HOME"] == "/home/mdml"


def test_the_version_is_the_packages() -> None:
    assert f"VERSION={mdml_tune.__version__}" in values("ARG")
    assert f"mdml-tune:{mdml_tune.__version__}" in TEXT
    service = compose(dict.fromkeys(_secrets(), "x"))["services"]["head"]
    assert service["image"] == f"mdml-tune:{mdml_tune.__version__}"


def _secrets() -> list[str]:
    return re.findall(r"\$\{(\w+):\?", (DOCKER / "compose.yaml").read_text())


def test_pythons_minor_version_is_the_projects() -> None:
    base = next(at for at in values("ARG") if at.startswith("BASE="))
    tag = re.fullmatch(r"BASE=python:(\d+\.\d+)\.\d+-slim-bookworm", base)
    assert tag is not None
    assert tag[1] == PROJECT["requires-python"].removeprefix(">=")


def test_the_requirements_are_the_projects_with_two_extras_and_all_locked() -> None:
    said = subprocess.run(
        [sys.executable, DOCKER / "requirements.py", ROOT / "pyproject.toml"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    extras = PROJECT["optional-dependencies"]
    assert said == PROJECT["dependencies"] + extras["cluster"] + extras["server"]
    locked = dict(
        line.split(" ;")[0].split("==")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if re.match(r"[a-z]", line)
    )
    for line in said:
        wanted = Requirement(line)
        assert wanted.specifier.contains(locked[wanted.name]), line


def test_what_is_installed_is_locked_wheels() -> None:
    installs = re.findall(r"pip install(.*?)(?:&&|;|\n\n)", TEXT.replace("\\\n", " "), re.DOTALL)
    assert len(installs) == 5
    for install in installs:
        assert "--only-binary :all:" in install or "--no-deps" in install
    assert "gcc" not in TEXT
    assert "build-essential" not in TEXT


def test_no_registry_and_no_secret_stands_in_the_files() -> None:
    for path in DOCKER.iterdir():
        text = path.read_text()
        if path.suffix != ".md":
            found = re.findall(r"https?://([\w.-]+)", text)
            assert set(found) <= {"127.0.0.1", "mlflow"}, path
    for said in values("ARG") + values("ENV"):
        assert not re.search(r"(?i)password|secret|token|key", said)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Of docker/ alone."""
    folder = tmp_path / "docker"
    folder.mkdir()
    for name in ("make_env.sh", "env.example"):
        (folder / name).write_text((DOCKER / name).read_text())
    return folder


def make_env(folder: Path) -> str:
    done = subprocess.run(
        ["sh", folder / "make_env.sh"], capture_output=True, text=True, check=True, cwd="/"
    )
    return done.stdout


def test_secrets_are_made_once_and_for_the_owner_alone(clone: Path) -> None:
    assert "written" in make_env(clone)
    made = clone / ".env"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    secrets = dict(re.findall(r"^(MDML_\w+)=([0-9a-f]{64})$", made.read_text(), re.MULTILINE))
    assert set(secrets) == set(_secrets())
    assert len(set(secrets.values())) == 4
    assert compose(secrets)
    before = made.read_text()
    assert "nothing changed" in make_env(clone)
    assert made.read_text() == before


def test_git_never_sees_the_secrets() -> None:
    ignored = (DOCKER / ".gitignore").read_text().splitlines()
    assert {".env", ".env.new"} <= set(ignored)
