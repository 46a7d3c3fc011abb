"""The book answers from the folders: what is there is neither asked twice nor forgotten."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from mdml_tune.config.identity import trial_key
from mdml_tune.records import Status, TrialRecord
from mdml_tune.scd.relations import Relations
from mdml_tune.spaces.study import Study
from mdml_tune.tasks import Task
from mdml_tune.tuning.book import Book

MakeStudy = Callable[..., Study]
MakeBook = Callable[..., Book]
Write = Callable[..., None]


def test_gives_as_many_different_trials_as_asked_for(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    book = make_book(make_study())
    given = [book.next() for _ in range(4)]
    assert given[3] is None
    assert len({record.config_id for record in given[:3]}) == 3
    assert [record.number for record in given[:3]] == [0, 1, 2]
    assert given[0].parameters.keys() == {"mutual.weight"}


def test_same_seed_gives_the_same_trials(make_study: MakeStudy, make_book: MakeBook) -> None:
    book = make_book(make_study())
    first = [book.next().trial_key for _ in range(3)]
    folder = replace(book.folder, name="twin")
    folder.open(book.study.values, book.study.tasks, {})
    twin = Book(book.study, folder, book.baselines)
    assert [twin.next().trial_key for _ in range(3)] == first


def test_an_interrupted_trial_comes_first_again(
    make_study: MakeStudy, make_book: MakeBook, write_history: Write
) -> None:
    book = make_book(make_study())
    first, second = book.next(), book.next()
    write_history(first, [1.0, 2.0, 3.0, 4.0])
    book.folder.trial(first.trial_key).close(Status.COMPLETED)
    book.end(first.trial_key)
    # The driver dies here; the next one knows only what the folders say.
    after = make_book(make_study())
    assert (after.ended, after.total) == (1, 3)
    assert after.next().trial_key == second.trial_key
    assert after.next().number == 2
    assert after.next() is None


def test_a_trial_ends_as_it_said_or_as_its_rule_said_else_it_goes_on(
    make_study: MakeStudy, make_book: MakeBook, write_history: Write
) -> None:
    book = make_book(make_study())
    whole, short, cut = book.next(), book.next(), book.next()
    write_history(whole, [1.0, 2.0, 3.0, 4.0])
    book.folder.trial(whole.trial_key).close(Status.COMPLETED)
    write_history(short, [1.0, 2.0])
    assert book.end(whole.trial_key).status is Status.COMPLETED
    assert book.end(short.trial_key, stopped=True).status is Status.PRUNED
    assert book.end(cut.trial_key) is None  # the study was halted: it is the next one again
    assert (book.ended, book.next().trial_key) == (2, cut.trial_key)


def test_what_a_trial_said_of_its_end_stands(make_study: MakeStudy, make_book: MakeBook) -> None:
    book = make_book(make_study())
    record = book.next()
    book.folder.trial(record.trial_key).close(Status.FAILED, failure="diverged in epoch 1: ...")
    assert book.end(record.trial_key, stopped=True).failure == "diverged in epoch 1: ..."


def test_a_configuration_drawn_twice_does_not_count(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    base = make_study()
    trial = base.trial | {"mutual": {"weight": {"choice": [0.1, 0.3]}}}
    book = make_book(make_study(trial=trial))
    given = [book.next() for _ in range(3)]
    assert {record.parameters["mutual.weight"] for record in given[:2]} == {0.1, 0.3}
    assert given[2] is None  # the space holds no third


def complete(book: Book, write: Write, record: TrialRecord, value: float) -> None:
    write(record, [0.0, 0.0, 0.0, value])
    book.folder.trial(record.trial_key).close(Status.COMPLETED)
    book.end(record.trial_key)


@pytest.mark.parametrize(("keep", "left"), [("all", True), ("finalists", False), ("none", False)])
def test_checkpoints_of_searched_trials_are_kept_where_all_are(
    make_study: MakeStudy, make_book: MakeBook, write_history: Write, keep: str, *, left: bool
) -> None:
    book = make_book(make_study(keep=keep))
    record = book.next()
    checkpoints = book.folder.trial(record.trial_key).checkpoints
    checkpoints.mkdir()
    complete(book, write_history, record, 1.0)
    assert checkpoints.exists() == left


def test_survivors_earn_seeds_that_do_not_count_as_trials(
    make_study: MakeStudy, make_book: MakeBook, write_history: Write
) -> None:
    search = make_study().values["search"] | {
        "trials": 4, "stages": [{"seeds": 1}, {"seeds": 3, "top": 2}], "early_stopping": None,
    }  # fmt: skip
    study = make_study(search=search)
    given: list[TrialRecord] = []
    while True:
        book = make_book(study)  # a new driver each time: all it knows is in the folders
        record = book.next()
        if record is None:
            break
        given.append(record)
        complete(book, write_history, record, float(record.number == 1) + record.seed / 10)
    firsts = [record for record in given if record.seed == 0]
    assert [record.number for record in firsts] == [0, 1, 2, 3]
    assert len({record.config_id for record in firsts}) == 4
    assert book.total == book.ended == 4
    assert len(given) >= 4 + 2 * 2
    of_best = [record for record in given if record.number == 1]
    assert sorted(record.seed for record in of_best) == [0, 1, 2]
    assert len({record.trial_key for record in of_best}) == 3
    assert len({record.config_id for record in of_best}) == 1
    [tried] = [one for one in book.tried if one.first.number == 1]
    assert tried.values(("val/delta_m",)) == pytest.approx((1.1,))


def test_a_required_comparison_is_never_broken(make_study: MakeStudy, make_book: MakeBook) -> None:
    weights = {"segmentation": {"uniform": [0, 1]}, "depth": {"uniform": [0, 1]}}
    trial = make_study().trial | {"mutual": {"weight": weights}}
    search = make_study().values["search"] | {"trials": 20}
    study = make_study(
        trial=trial, search=search, require=["mutual.weight.depth <= mutual.weight.segmentation"]
    )
    book = make_book(study)
    drawn = [book.next().parameters for _ in range(20)]
    assert all(p["mutual.weight.depth"] <= p["mutual.weight.segmentation"] for p in drawn)


def test_what_was_left_by_a_driver_that_died_while_opening_is_no_trial(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    book = make_book(make_study())
    first = book.next()
    (book.folder.trial(first.trial_key).path / "trial.json").unlink()
    again = make_book(make_study()).next()
    assert again == first


# ---------------------------------------------------------------- SCD

TASKS = (Task.SEGMENTATION, Task.DEPTH)

RELATIONS = Relations(
    tasks=TASKS,
    similarity={"linear_cka": ((1.0, 0.4), (0.4, 1.0))},
    complexity={Task.SEGMENTATION: -2.0, Task.DEPTH: 5.0},
    seeds=2,
)


def distilled(base: Study, make_study: MakeStudy, **scd: object) -> Study:
    return make_study(trial=base.trial | {"mutual": None, "scd": {"stage_epochs": 1} | scd})


def test_thresholds_with_one_partition_are_one_configuration(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    thresholds = {"choice": [0.1, 0.2, 0.3, 0.5, 0.9]}
    study = distilled(make_study(), make_study, grouping_threshold=thresholds)
    book = make_book(study, relations=RELATIONS)
    given = [book.next() for _ in range(3)]
    assert given[2] is None  # five thresholds, two partitions
    assert {record.parameters["scd.queue"] for record in given[:2]} == {
        "segmentation + depth",
        "depth > segmentation",  # the complex one first
    }
    for record in given[:2]:
        together = record.parameters["scd.grouping_threshold"] <= 0.4
        assert (record.parameters["scd.queue"] == "segmentation + depth") == together
        assert book.config(record).scd.queue == (
            (TASKS,) if together else ((Task.DEPTH,), (Task.SEGMENTATION,))
        )


def test_a_distilled_trial_is_named_after_its_teachers_too(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    book = make_book(distilled(make_study(), make_study), relations=RELATIONS)
    record = book.next()
    config, baselines = book.config(record), book.baselines
    teachers = baselines.teachers(config, 0)
    assert set(teachers) == set(TASKS)
    keys = [path.name for path in teachers.values()]
    assert record.trial_key == trial_key(config, 0, baselines.data_digest, keys)
    assert record.trial_key != trial_key(config, 0, baselines.data_digest)
    # A trial's seed learns from the teachers of seed modulo the baselines' seeds.
    assert baselines.teachers(config, 1003) == baselines.teachers(config, 1)
    assert baselines.teachers(config, 1) != teachers


def test_nobody_teaches_without_scd(make_study: MakeStudy, make_book: MakeBook) -> None:
    book = make_book(make_study())
    record = book.next()
    assert book.baselines.teachers(book.config(record), 0) == {}
    assert "scd.queue" not in record.parameters
