"""`doctor --cluster FILE`: the table, the exit code, what cannot be read, and the shipped files."""

import re
from pathlib import Path

import pytest
from cluster_edits import GOOD, make_sources
from commands import run

from mdml_tune.cli.doctor import doctor

ROOT = Path(__file__).parents[2]
SHIPPED = sorted(path.name for path in (ROOT / "cluster").glob("*.yaml"))
PLACEHOLDER = re.compile(r"CHANGE-ME[-A-Z0-9]*")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what good files mount."""
    make_sources(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def filled(match: re.Match[str]) -> str:
    word = match[0].removeprefix("CHANGE-ME-").lower()
    return {"spot-label": "karpenter.sh/capacity-type", "spot-value": "spot"}.get(word, word)


def test_there_are_files_to_ship() -> None:
    assert SHIPPED == ["gpu-gcp.yaml", "gpu.yaml", "onprem.yaml", "rayjob.yaml"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_lacks_only_what_the_user_knows(
    clone: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(ROOT)
    file = ROOT / "cluster" / name
    code, said = run(doctor, "--cluster", str(file))
    assert code == 3
    rows = [line for line in said.splitlines() if "PROBLEM" in line]
    assert rows
    assert all("still says CHANGE-ME" in r or "CHANGE-ME" in r for r in rows), said
    assert ", 0 warnings." in said
    whole = clone / "whole.yaml"
    whole.write_text(PLACEHOLDER.sub(filled, file.read_text()))
    code, said = run(doctor, "--cluster", str(whole))
    assert (code, "All is well." in said) == (0, True), said


@pytest.mark.parametrize(("name", "at_once"), [("aws", 12), ("gcp", 4), ("manifest", 12)])
@pytest.mark.usefixtures("clone")
def test_a_study_s_trials_are_counted(name: str, at_once: int) -> None:
    file = str(GOOD / f"{name}.yaml")
    one = ("small.yaml", "--set", "resources.gpus=1")
    code, said = run(doctor, *one, "--cluster", file)
    assert code == 0, said
    assert f"{at_once} trials at once at full size" in said
    code, said = run(doctor, *one[:2], "resources.gpus=0.5", "--cluster", file)
    assert f"{2 * at_once} trials at once" in said
    code, said = run(doctor, *one[:2], "resources.gpus=4", "--cluster", file)
    assert code == 3
    assert "a trial asks for 1 CPU and 4 GPU on one node" in said
    code, said = run(doctor, "small.yaml", "--cluster", file)
    assert code == 0
    assert "they train on the CPU" in said


@pytest.mark.usefixtures("clone")
def test_machines_of_one_s_own_are_not_guessed_at() -> None:
    code, said = run(doctor, "small.yaml", "--cluster", str(GOOD / "local.yaml"))
    assert code == 0, said
    assert "does not say what nodes have" in said


@pytest.mark.usefixtures("clone")
def test_nothing_of_this_machine_is_asked() -> None:
    before = sorted(Path.cwd().rglob("*"))
    code, said = run(doctor, "--cluster", str(GOOD / "aws.yaml"))
    assert code == 0, said
    assert "takes it as a cluster of aws" in said
    assert "torch" not in said
    assert sorted(Path.cwd().rglob("*")) == before


def test_a_path_and_its_remedy_stand_in_one_row(clone: Path) -> None:
    text = (GOOD / "aws.yaml").read_text().replace("region:", "regoin:")
    (clone / "typo.yaml").write_text(text)
    code, said = run(doctor, "--cluster", "typo.yaml")
    assert code == 3
    (row,) = [line for line in said.splitlines() if "provider.regoin" in line]
    assert "PROBLEM" in row
    assert "did you mean region?" in row


def test_a_key_that_stands_twice_is_told(clone: Path) -> None:
    (clone / "twice.yaml").write_text((GOOD / "local.yaml").read_text() + "cluster_name: other\n")
    code, said = run(doctor, "--cluster", "twice.yaml")
    assert code == 3
    assert "'cluster_name' on line" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a: [1", "not valid YAML"),
        (b"", "holds no mapping"),
        (b"[1, 2]", "holds no mapping"),
        (b"--- text\n--- {cluster_name: a}", "holds no mapping"),
        (b"study: small\ntrial: {}", "neither a cluster launcher file"),
        (b"apiVersion: v1\nkind: ConfigMap", "no document has a spec"),
        (b"cluster_name: &a [*a]", "not plain values"),
        (b"cluster_name: !!python/object:os.system {}", "not valid YAML"),
        (b"? [1, 2]\n: 3\ncluster_name: a", "not valid YAML"),
        (b"cluster_name: " + b"[" * 5000, "not plain values"),
    ],
)
def test_what_cannot_be_read_is_one_message(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "file.yaml").write_bytes(content)
    code, told = run(doctor, "--cluster", "file.yaml")
    assert code == 2
    assert told.startswith("error: file.yaml")
    assert said in told
    assert len(told.splitlines()) == 1


def test_a_file_is_not_repaired() -> None:
    code, told = run(doctor, "--cluster", "file.yaml", "--repair")
    assert (code, told.startswith("error: --repair")) == (2, True)
