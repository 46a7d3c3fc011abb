"""Every node of a cluster looked at from itself."""

from pathlib import Path

import pytest

from mdml_tune.tuning.cluster import joined
from mdml_tune.tuning.nodes import OURS, look, probe_nodes, versions


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
