"""Every node of a cluster looked at from itself."""

from pathlib import Path

import pytest
from ray.exceptions import GetTimeoutError

from mdml_tune.tuning import nodes
from mdml_tune.tuning.cluster import joined
from mdml_tune.tuning.nodes import OURS, Seen, look, probe_nodes, versions


def test_a_node_says_what_it_sees(tmp_path: Path) -> None:
    seen = look(tmp_path / "shared", "node")
    assert seen.storage_problem is None
    assert not seen.sees_ours
    assert not (tmp_path / "shared").exists()  # what is not shared is not littered
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / OURS).touch()
    assert look(tmp_path / "shared", "node").sees_ours
    assert (tmp_path / "shared/node").exists()
    (tmp_path / "file").touch()
    assert look(tmp_path / "file/below", "node").storage_problem == "Not a directory"


class Answers:
    """A Ray whose clock runs by itself; only nodes called ``good`` answer."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def on(self, node: dict[str, str], function: object) -> "Answers":
        self.asked, self.looks = node["NodeID"], function is look
        return self

    def remote(self, *_: object) -> tuple[str, bool]:
        return self.asked, self.looks

    def get(self, reference: tuple[str, bool], timeout: float) -> object:
        name, looks = reference
        if not name.startswith("good"):
            self.seconds += timeout
            raise GetTimeoutError
        return SEEN if looks else 0.0

    def wait(self, references: list[tuple[str, bool]], num_returns: int, timeout: float) -> None:
        assert len(references) == num_returns
        self.seconds += timeout


SEEN = Seen(host="w", storage_problem=None, sees_ours=True, open_files=1, versions={})


def test_silent_nodes_are_waited_for_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["silent 1", "good 1", "silent 2", "good 2", "silent 3"]
    found = [{"NodeID": n, "NodeManagerHostname": n, "NodeManagerAddress": "a"} for n in names]
    answers = Answers()
    monkeypatch.setattr(nodes, "alive_nodes", lambda: found)
    monkeypatch.setattr(nodes, "_on", answers.on)
    monkeypatch.setattr(nodes, "ray", answers)
    reports = probe_nodes(tmp_path)
    assert answers.seconds == nodes.PATIENCE_S
    assert [report.name for report in reports] == [f"{name} (a)" for name in names]
    assert [report.seen is not None for report in reports] == [False, True, False, True, False]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_nodes_of_a_cluster_are_asked(tmp_path: Path) -> None:
    with joined(None):
        (report,) = probe_nodes(tmp_path)
    assert report.seen is not None
    assert report.seen.versions == versions()
    assert report.seen.sees_ours
    assert report.we_see_its
    assert report.skew_s < 1
    assert list(tmp_path.iterdir()) == []
