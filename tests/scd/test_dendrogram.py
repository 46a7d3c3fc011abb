"""The tree in the terminal says what the merges say."""

from hypothesis import given
from hypothesis import strategies as st
from matrices import matrix_of, similarities

from mdml_tune.scd.dendrogram import WIDTH, interval_lines, tree_lines
from mdml_tune.scd.partition import intervals, merges
from mdml_tune.tasks import Task

S, D, N, E, A = Task
THREE = (S, D, N)
MATRIX = matrix_of({(S, N): 0.75, (S, D): 0.3, (D, N): 0.2}, THREE)

linkages = st.sampled_from(["average", "single"])


def test_branches_meet_where_they_merge() -> None:
    found = tree_lines(merges(MATRIX, THREE, "average"), THREE, low=0, high=1)
    # 0.75 is a quarter of 48 columns away from 1, the mean 0.25 three quarters.
    assert found == [
        "segmentation ────────────┬───────────────────────┐",
        "normals      ────────────┘                       ├─",
        "depth        ────────────────────────────────────┘",
        "             1                  similarity                   0",
    ]


@given(similarities(), linkages)
def test_every_task_has_its_line_and_every_tree_its_ends(drawn, linkage) -> None:
    matrix, tasks = drawn
    found = merges(matrix, tasks, linkage)
    *tree, scale = tree_lines(found, tasks, low=0, high=1)
    assert sorted(line.split()[0] for line in tree) == sorted(tasks)
    start = max(map(len, tasks)) + 1
    assert scale[start] == "1"
    assert scale[start + WIDTH] == scale[-1] == "0"
    # One root, and at each merge one branch ends at its top and one at its bottom.
    text = "\n".join(tree)
    assert sum(text.count(corner) for corner in "┘┤┼") >= len(tree) - 1
    assert " " not in {line[start] for line in tree}


@given(similarities(), linkages)
def test_no_line_is_cut(drawn, linkage) -> None:
    """Every arm is met by one of its neighbour."""
    matrix, tasks = drawn
    *tree, _ = tree_lines(merges(matrix, tasks, linkage), tasks, low=0, high=1)
    start = max(map(len, tasks)) + 1
    rows = [line[start:].ljust(WIDTH + 2) for line in tree]
    down, up = "│┐┬┤├┼", "│┘┴┤├┼"
    for above, below in zip(rows, [*rows[1:], " " * (WIDTH + 2)], strict=True):
        for a, b in zip(above, below, strict=True):
            assert (a in down) == (b in up)
    assert not set(rows[0]) & set("┘┴┤├┼│") or len(rows) == 1


def test_intervals_are_listed_with_their_blocks() -> None:
    assert interval_lines(intervals(MATRIX, THREE, "average", 0, 1)) == [
        "threshold       blocks",
        "0.000 to 0.250  segmentation depth normals",
        "0.250 to 0.750  segmentation normals | depth",
        "0.750 to 1.000  segmentation | depth | normals",
    ]


def test_one_task_is_a_line() -> None:
    line, _ = tree_lines((), (D,), low=-1, high=1)
    assert line == "depth ──"
