"""The book answers from the folders: what is there is neither asked twice nor forgotten."""

from collections.abc import Callable
from dataclasses import replace

from mdml_tune.config.identity import trial_key
from mdml_tune.records import Status
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
    twin = replace(book, folder=folder, _tried={}, _at_work=set())
    assert [twin.next().trial_key for _ in range(3)] == first


def test_an_interrupted_trial_comes_first_again(
    make_study: MakeStudy, make_book: MakeBook, write_history: Write
) -> None:
    book = make_book(make_study())
    first, second = book.next(), book.next()
    write_history(first, [1.0, 2.0, 3.0, 4.0])
    book.end(first.trial_key)
    # The driver dies here; the next one knows only what the folders say.
    after = make_book(make_study())
    assert after.left == 2
    assert after.next().trial_key == second.trial_key
    assert after.next().number == 2
    assert after.next() is None


def test_the_end_is_told_from_the_history(
    make_study: MakeStudy, make_book: MakeBook, write_history: Write
) -> None:
    book = make_book(make_study())
    whole, short, lost = book.next(), book.next(), book.next()
    write_history(whole, [1.0, 2.0, 3.0, 4.0])
    write_history(short, [1.0, 2.0])
    assert book.end(whole.trial_key).status is Status.COMPLETED
    assert book.end(short.trial_key).status is Status.PRUNED
    ended = book.end(lost.trial_key, failure="worker lost")
    assert (ended.status, ended.failure) == (Status.FAILED, "worker lost")
    assert book.left == 0


def test_what_a_trial_said_of_its_end_stands(make_study: MakeStudy, make_book: MakeBook) -> None:
    book = make_book(make_study())
    record = book.next()
    book.folder.trial(record.trial_key).close(Status.FAILED, failure="diverged in epoch 1: ...")
    assert book.end(record.trial_key).failure == "diverged in epoch 1: ..."


def test_a_configuration_drawn_twice_does_not_count(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    base = make_study()
    trial = base.trial | {"mutual": {"weight": {"choice": [0.1, 0.3]}}}
    book = make_book(make_study(trial=trial))
    given = [book.next() for _ in range(3)]
    assert {record.parameters["mutual.weight"] for record in given[:2]} == {0.1, 0.3}
    assert given[2] is None  # the space holds no third


def test_a_spent_budget_starts_nothing_new_but_ends_what_was_begun(
    make_study: MakeStudy, make_book: MakeBook
) -> None:
    begun = make_book(make_study()).next()
    spent = make_book(make_study(), deadline=lambda: "no time left")
    assert spent.next().trial_key == begun.trial_key
    assert spent.next() is None


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
