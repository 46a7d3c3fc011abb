"""A warm start is decided once; a study that began without one goes on without it."""

from collections.abc import Callable

import pytest

from mdml_tune.errors import ConfigError, ReportError
from mdml_tune.spaces.study import Study
from mdml_tune.storage.atomic import write_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.book import Book
from mdml_tune.tuning.warm_started import FILE, check_warm_start, earlier_trials

Make = Callable[..., Study]


@pytest.fixture
def earlier(folder: StudyFolder, make_study: Make) -> StudyFolder:
    found = folder.storage.study("earlier")
    found.open(make_study().values, make_study().tasks, {"data_digest": "other"})
    return found


def test_a_new_study_may_start_from_any_other(
    folder: StudyFolder, earlier: StudyFolder, make_study: Make, make_book: Callable[..., Book]
) -> None:
    make_book(make_study())
    check_warm_start(folder, None)
    check_warm_start(folder, earlier)
    assert earlier_trials(folder) == ()


def test_but_not_from_itself_nor_from_one_that_is_not_there(
    folder: StudyFolder, make_study: Make, make_book: Callable[..., Book]
) -> None:
    make_book(make_study())
    with pytest.raises(ConfigError, match="cannot start from itself"):
        check_warm_start(folder, folder)
    with pytest.raises(ReportError, match="no study 'nowhere'"):
        check_warm_start(folder, folder.storage.study("nowhere"))


def test_a_search_that_has_begun_without_one_refuses_it(
    folder: StudyFolder, earlier: StudyFolder, make_study: Make, make_book: Callable[..., Book]
) -> None:
    assert make_book(make_study()).next() is not None
    with pytest.raises(ConfigError, match="has begun without it"):
        check_warm_start(folder, earlier)


def test_nor_can_it_be_changed(
    folder: StudyFolder, earlier: StudyFolder, make_study: Make, make_book: Callable[..., Book]
) -> None:
    make_book(make_study())
    write_json(folder.path / FILE, {"study": "third", "taken": [], "left": {}})
    with pytest.raises(ConfigError, match="warm-started from 'third'"):
        check_warm_start(folder, earlier)
