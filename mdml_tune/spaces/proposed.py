"""``search.start_with`` before it is checked: cut to what changes from outside leave of it."""

from collections.abc import Callable, Mapping
from typing import cast

Tree = Mapping[str, object]


def without(study: Tree, path: str) -> dict[str, object]:
    """The study, proposing nothing at a path that has been given another value, or below it."""

    def still(key: str) -> bool:
        return key != path and not key.startswith(f"{path}.")

    return _changed(study, lambda entry: {key: v for key, v in entry.items() if still(key)})


def of_method(study: Tree, method: str) -> dict[str, object]:
    """The study, proposing no configuration of another method."""
    return _changed(study, lambda one: one if str(one.get("method", method)) == method else {})


def no_more_than_trials(study: Tree) -> dict[str, object]:
    """The study, proposing no more configurations than it has trials."""
    entries, trials = _entries(study), _search(study).get("trials")
    if entries is None or not isinstance(trials, int) or isinstance(trials, bool) or trials < 1:
        return dict(study)
    return _with(study, entries[:trials])


def _changed(study: Tree, change: Callable[[Tree], Tree]) -> dict[str, object]:
    """Each entry changed; one of which nothing is left is dropped."""
    entries = _entries(study)
    if entries is None:
        return dict(study)
    changed = [
        dict(change(cast("Tree", entry))) if isinstance(entry, dict) else entry for entry in entries
    ]
    left = [new for old, new in zip(entries, changed, strict=True) if new or not old]
    return dict(study) if left == entries else _with(study, left)


def _with(study: Tree, entries: list[object]) -> dict[str, object]:
    return {**study, "search": {**_search(study), "start_with": entries}}


def _entries(study: Tree) -> list[object] | None:
    found = _search(study).get("start_with")
    return cast("list[object]", found) if isinstance(found, list) else None


def _search(study: Tree) -> Tree:
    found = study.get("search")
    return cast("Tree", found) if isinstance(found, dict) else {}
