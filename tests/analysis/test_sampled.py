"""Whose predictions are shown, and when they are those of the present leader."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import synthetic
from synthetic import TASKS, baselines, confirmed, searched, study

from mdml_tune.analysis.sampled import asked_of, kept_answers
from mdml_tune.analysis.subject import subject_of
from mdml_tune.records import Status, StudyRecord
from mdml_tune.storage.atomic import write_bytes
from mdml_tune.storage.samples import Asked, NotMade, Samples, write_samples
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.tasks import Task

SINGLE = {task: f"tb{task}0" for task in TASKS}


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    return Storage.at(str(tmp_path)).study("demo")


@pytest.fixture
def leading() -> StudyRecord:
    trials = (
        confirmed(c, gain, seed) for seed in (1001, 1000) for c, gain in (("c1", 2), ("c2", 5))
    )
    return study(*trials, searched("c3", 9.0))


def asked(of: StudyRecord) -> Asked:
    found = asked_of(of, subject_of(of).rows)
    assert found is not None
    return found


def kept(folder: StudyFolder, *keys: str) -> None:
    for key in keys:
        place = folder.trial(key) if not key.startswith("tb") else folder.storage.baseline(key)
        write_bytes(place.checkpoints / "LATEST", b"")


def samples(of: Asked) -> Samples:
    return Samples(
        asked=of,
        images=np.zeros((1, 3, 2, 2), dtype=np.uint8),
        answers={},
        classes=0,
        inverse_depth=False,
    )


def test_the_confirmed_leader_and_the_first_baselines(leading: StudyRecord) -> None:
    assert asked(leading) == Asked(ours="tc2s1000", single=SINGLE)


def test_the_first_seed_that_survived() -> None:
    lost = confirmed("c1", 0.0, 1000, status=Status.FAILED)
    assert asked(study(lost, confirmed("c1", 2.0, 1001))).ours == "tc1s1001"
    first = replace(synthetic.baseline(Task.DEPTH, 0), status=Status.FAILED)
    others = [b for b in baselines() if b.trial_key != first.trial_key]
    of = study(confirmed("c1", 2.0, 1000), references=[first, *others])
    assert asked(of).single[Task.DEPTH] == "tbdepth1"


def test_nobody_is_asked_before_something_is_confirmed() -> None:
    of = study(searched("c1", 1.0))
    assert asked_of(of, subject_of(of).rows) is None


def test_they_can_be_asked_where_all_checkpoints_are(
    folder: StudyFolder, leading: StudyRecord
) -> None:
    kept(folder, "tc2s1000", *SINGLE.values())
    assert kept_answers(folder, leading, asked(leading)) is None


def test_those_that_were_not_kept_are_named(folder: StudyFolder, leading: StudyRecord) -> None:
    kept(folder, "tbsegmentation0", "tbnormals0")
    found = kept_answers(folder, leading, asked(leading))
    assert found == NotMade(
        "no checkpoint was kept of tc2s1000 (confirm c2 seed 1000), tbdepth0 (baseline depth seed 0)"
    )


def test_what_was_said_needs_no_checkpoint(folder: StudyFolder, leading: StudyRecord) -> None:
    write_samples(folder, samples(asked(leading)))
    found = kept_answers(folder, leading, asked(leading))
    assert isinstance(found, Samples)


def test_what_others_said_does_not_count(folder: StudyFolder, leading: StudyRecord) -> None:
    write_samples(folder, samples(asked(leading)))
    now = asked(study(*leading.trials, *(confirmed("c4", 8.0, seed) for seed in (1000, 1001))))
    kept(folder, now.ours, *SINGLE.values())
    assert kept_answers(folder, leading, now) is None
    retrained = replace(asked(leading), single={**SINGLE, Task.DEPTH: "tbdepth1"})
    assert isinstance(kept_answers(folder, leading, retrained), NotMade)


def test_a_subject_holds_one_of_three() -> None:
    of = study(confirmed("c1", 1.0, 1000))
    waiting = replace(subject_of(of), to_ask=asked(of))
    assert waiting.with_answers(None) == waiting
    refused = waiting.with_answers(NotMade("for no reason"))
    assert (refused.to_ask, refused.samples, refused.not_sampled) == (None, None, "for no reason")
    said = samples(asked(of))
    answered = waiting.with_answers(said)
    assert (answered.to_ask, answered.samples, answered.not_sampled) == (None, said, None)
