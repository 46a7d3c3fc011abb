"""Sections laid upon each other: what is kept, and who answers for what."""

import pytest

from mdml_tune.spaces.sections import at, depth_of, has, laid_upon, stems_from

DWA = {"kind": "dwa", "temperature": 2}


@pytest.mark.parametrize(
    ("base", "over", "together"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 4}}, {"a": 1, "b": {"c": 2, "d": 4}}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
        ({"a": None}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {"int": [1, 2]}}, {"a": {"int": [1, 2]}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        # another kind
        (DWA, {"kind": "cagrad", "c": 0.4}, {"kind": "cagrad", "c": 0.4}),
        (DWA, {"kind": "dwa"}, DWA),
        (DWA, {"temperature": 3}, {"kind": "dwa", "temperature": 3}),
        (DWA, {"kind": "fammo"}, {"kind": "fammo", "temperature": 2}),
        ({"kind": "gradnorm", "alpha": 1, "learning_rate": 2}, {"kind": "famo"}, {"kind": "famo", "learning_rate": 2}),
        ({"kind": "unet", "width": 8, "dropout": 0.1}, {"kind": "segnet"}, {"kind": "segnet", "width": 8}),
        ({"kind": "unet", "width": {"int": [8, 16]}}, {"kind": "mtan"}, {"kind": "mtan"}),
        ({"kind": {"choice": ["si", "gls"]}}, {"kind": "famo", "gamma": 1}, {"kind": "famo", "gamma": 1}),
        (
            {"training": {"schedule": {"kind": "step", "epochs": 9}, "epochs": 9}},
            {"training": {"schedule": {"kind": "cosine"}}},
            {"training": {"schedule": {"kind": "cosine"}, "epochs": 9}},
        ),
    ],
)  # fmt: skip
def test_the_upper_one_is_in_front(base: object, over: object, together: object) -> None:
    assert isinstance(base, dict)
    assert isinstance(over, dict)
    before = repr((base, over))
    assert laid_upon(base, over) == together
    assert repr((base, over)) == before


PEERS = {"mutual": {"peers": [{"kind": "unet"}, {"kind": "unet", "width": 8}]}}


def test_items_of_lists_have_paths() -> None:
    assert at(PEERS, "mutual.peers.1.width") == 8
    assert at(PEERS, "mutual.peers.2.width") is None
    assert has(PEERS, "mutual.peers.1.width")
    assert depth_of(PEERS, "mutual.peers.0.width") == 3
    assert depth_of(PEERS, "mutual.pers.0") == 1


@pytest.mark.parametrize(
    ("path", "stems"),
    [
        ("mutual.peers.1.width", True),
        ("mutual.peers.0.width", True),  # missing there, in what it brought
        ("network.function", True),  # missing for the kind it named
        ("network.width", False),
        ("network.kind", True),
        ("mutual.weight", False),
        ("training.epochs", False),
        ("", False),
    ],
)
def test_who_answers_for_what_is_wrong(path: str, stems: object) -> None:
    base = {"mutual": {"peers": 2, "weight": 1}, "network": {"kind": "unet", "width": 8}}
    over = {**PEERS, "network": {"kind": "custom"}}
    assert stems_from(over, base, path) is stems
