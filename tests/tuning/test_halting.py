"""Why a study halts: once there is a reason, it stays."""

import pytest

from mdml_tune.tuning import halting
from mdml_tune.tuning.halting import Halt


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halting, "LOOKS_EVERY", 0.0)


def test_the_first_reason_stays() -> None:
    said: list[str | None] = [None, "the budget is used up", "somebody asked it to stop"]
    halt = Halt((lambda: said.pop(0),))
    assert not halt()
    assert halt()
    assert halt()
    assert halt.reason == "the budget is used up"
    assert len(said) == 1


def test_a_failed_storage_is_a_reason_of_its_own() -> None:
    halt = Halt((lambda: None,))
    halt.storage_failed("No space left on device")
    halt.storage_failed("another")
    assert halt()
    assert halt.storage == "No space left on device"
    assert halt.reason == "the storage failed: No space left on device"


def test_the_disk_is_not_asked_more_often_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halting, "LOOKS_EVERY", 1000.0)
    asked: list[None] = []
    halt = Halt((lambda: asked.append(None),))
    for _ in range(10):
        halt()
    assert len(asked) == 1
