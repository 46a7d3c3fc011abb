"""Why scores of two studies must not stand in one column."""

from mdml_tune.analysis.page.summary import flat
from mdml_tune.analysis.reference import finished_baselines
from mdml_tune.records import StudyRecord, TrialRecord

MOST = 3
"""How many settings a reason names: the first ones tell what was changed."""


def differences(one: StudyRecord, other: StudyRecord, split: str, other_split: str) -> list[str]:
    """What keeps ``one`` from being compared with ``other``, in words; empty if nothing does.

    Single-task networks are the same if their trials are: recipe, data, seeds and code alike.
    """
    if set(one.tasks) != set(other.tasks):
        return [f"tasks {', '.join(one.tasks)} instead of {', '.join(other.tasks)}"]
    found = [] if split == other_split else [f"scores on {split} instead of {other_split}"]
    digest, other_digest = (str(study.about.get("data_digest")) for study in (one, other))
    recipe = _recipe(one, other)
    if digest != other_digest:
        found.append(f"other data ({recipe or f'digest {digest} instead of {other_digest}'})")
    elif _keys(one) != _keys(other):
        found.append(f"other single-task networks ({recipe or _seeds_or_code(one, other)})")
    return found


def _keys(study: StudyRecord) -> set[str]:
    return {baseline.trial_key for baseline in _baselines(study)}


def _baselines(study: StudyRecord) -> list[TrialRecord]:
    return [b for task in sorted(study.tasks) for b in finished_baselines(study, task)]


def _recipe(one: StudyRecord, other: StudyRecord) -> str:
    """Settings that differ between the networks of the first task; empty if none does."""
    task = min(one.tasks)
    ours, theirs = (flat(finished_baselines(study, task)[0].config) for study in (one, other))
    changed = [
        f"{path} {ours.get(path, 'none')} instead of {theirs.get(path, 'none')}"
        for path in dict.fromkeys([*ours, *theirs])
        if ours.get(path) != theirs.get(path)
    ]
    more = len(changed) - MOST
    return ", ".join([*changed[:MOST], *([f"and {more} more"] if more > 0 else [])])


def _seeds_or_code(one: StudyRecord, other: StudyRecord) -> str:
    seeds, other_seeds = (sorted({b.seed for b in _baselines(s)}) for s in (one, other))
    if seeds != other_seeds:
        return f"seeds {', '.join(map(str, seeds))} instead of {', '.join(map(str, other_seeds))}"
    return "trained by another version of the code"
