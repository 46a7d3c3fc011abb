"""How many trials fit on a cluster, and on what it can become."""

import pytest

from mdml_tune.errors import UnavailableError
from mdml_tune.spaces.plan import Resources
from mdml_tune.tuning.capacity import Growth, Node, NodeType
from mdml_tune.tuning.cluster import Cluster

HEAD = Node(cpus=0, gpus=0, is_head=True)
GPU = Node(cpus=8, gpus=1)
ONE_GPU = Resources(cpus=1, gpus=1)


def growing(*counts: int, most: int) -> Growth:
    return Growth(tuple(NodeType(f"type{i}", GPU, count) for i, count in enumerate(counts)), most)


def test_a_cluster_whose_workers_are_at_zero_is_as_large_as_it_can_grow() -> None:
    cluster = Cluster((HEAD,), growth=growing(5, most=5))
    assert cluster.concurrency(ONE_GPU, None) == 5
    assert cluster.concurrency(ONE_GPU, 3) == 3
    assert cluster.concurrency(Resources(cpus=1, gpus=0.5), None) == 10


def test_workers_that_are_there_are_not_counted_twice() -> None:
    assert Cluster((HEAD, GPU, GPU), growth=growing(5, most=5)).concurrency(ONE_GPU, None) == 5


def test_a_fallback_of_the_same_shape_adds_nothing_beyond_the_whole_limit() -> None:
    assert Cluster((HEAD,), growth=growing(8, 8, most=8)).concurrency(ONE_GPU, None) == 8


@pytest.mark.parametrize("cpus", [2, 4])
def test_the_head_counts_as_it_stands_whatever_its_shape(cpus: float) -> None:
    head = Node.of({"CPU": cpus, "node:__internal_head__": 1.0})
    types = (NodeType("cpu", Node(4, 0), 2),)
    cluster = Cluster((head, Node.of({"CPU": 4.0})), growth=Growth(types, 2))
    assert cluster.concurrency(Resources(cpus=1), None) == cpus + 2 * 4


def test_what_holds_most_is_counted_first_under_the_whole_limit() -> None:
    types = (NodeType("small", Node(1, 0), 3), NodeType("large", Node(16, 0), 3))
    assert Growth(types, 4).fits([], Resources(cpus=1)) == 3 * 16 + 1


def test_machines_that_say_their_size_late_do_not_shrink_the_cluster() -> None:
    unknown = Growth((NodeType("local", Node(0, 0), 2),), 2)
    assert unknown.fits([Node(2, 0), Node(2, 0)], Resources(cpus=1)) == 4


def test_a_refusal_names_what_the_cluster_can_grow() -> None:
    cluster = Cluster((HEAD,), growth=growing(4, most=4))
    with pytest.raises(UnavailableError, match=r"4 x type0 \(8 CPU and 1 GPU\).*--address"):
        cluster.concurrency(Resources(cpus=1, gpus=2), None)
    assert cluster.room(Resources(cpus=1, gpus=2), 3) == 0


def test_several_nodes_now_or_later() -> None:
    assert not Cluster((GPU,)).has_several_nodes
    assert Cluster((HEAD, GPU)).has_several_nodes
    assert Cluster((HEAD,), growth=growing(1, most=1)).has_several_nodes
    assert str(Cluster((HEAD, GPU))) == "2 nodes, 8 CPU, 1 GPU"
