"""A driver killed at any report finds the same trials, and stops the same, as one that lives on."""

import contextlib
import shutil
from collections.abc import Callable

import pytest
from tuning.simulated import Driver, Killed, outcome, peaked

from mdml_tune.records import Status
from mdml_tune.spaces.study import Study
from mdml_tune.tuning.book import Book

MakeStudy = Callable[..., Study]
MakeBook = Callable[..., Book]

FOR_EVER = 10**9

SEARCHES: dict[str, dict[str, object]] = {
    "asha": {"early_stopping": {"kind": "asha", "grace_epochs": 1, "reduction": 2}},
    "hyperband": {"early_stopping": {"kind": "hyperband", "grace_epochs": 1, "reduction": 2}},
    "median": {"early_stopping": {"kind": "median", "grace_epochs": 2, "min_trials": 2}},
    "pbt": {
        "early_stopping": {
            "kind": "pbt", "population": 4, "interval_epochs": 1, "quantile": 0.5
        },
        "sampler": {"kind": "random"}, "seed": 2,
    },
    "seeds": {
        "early_stopping": {"kind": "asha", "grace_epochs": 1, "reduction": 2},
        "stages": [{"seeds": 1}, {"seeds": 2, "top": 2}],
    },
}  # fmt: skip


def search(kind: str) -> dict[str, object]:
    return {"trials": 7, "sampler": {"kind": "tpe", "startup_trials": 3}, **SEARCHES[kind]}


@pytest.mark.parametrize("kind", SEARCHES)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_stops_some_and_ends_all(
    make_study: MakeStudy, make_book: MakeBook, kind: str, concurrency: int
) -> None:
    book = make_book(make_study(search=search(kind)))
    Driver(book, peaked, concurrency, lives=FOR_EVER).run()
    states = {record.status for record in book.records}
    assert states == {Status.COMPLETED, Status.PRUNED}
    assert {r.number for r in book.records} == set(range(len(book.tried)))
    assert len(book.tried) == 7 or kind == "pbt"


@pytest.mark.slow
@pytest.mark.parametrize("kind", SEARCHES)
def test_killed_at_any_report_it_comes_to_the_same(
    make_study: MakeStudy, make_book: MakeBook, kind: str
) -> None:
    """One trial at a time: with more, which of them is a report ahead may differ."""
    study = make_study(search=search(kind))
    whole = make_book(study)
    Driver(whole, peaked, 1, lives=FOR_EVER).run()
    expected = outcome(whole)
    reports = sum(len(history) for *_, history in expected)
    for kill in range(1, reports + 1, 3):
        shutil.rmtree(whole.folder.path)
        with contextlib.suppress(Killed):
            Driver(make_book(study), peaked, 1, lives=kill).run()
        after = make_book(study)
        Driver(after, peaked, 1, lives=FOR_EVER).run()
        assert outcome(after) == expected, f"killed after {kill} reports"
