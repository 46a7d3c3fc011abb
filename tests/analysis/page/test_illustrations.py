"""Figures in all their forms, whoever makes them."""

import pytest
import synthetic
from synthetic import searched

from mdml_tune.analysis.figures.catalogue import CATALOGUE
from mdml_tune.analysis.page.illustrations import illustrations
from mdml_tune.analysis.subject import subject_of


@pytest.mark.slow
def test_two_processes_make_what_one_makes() -> None:
    of = subject_of(synthetic.rich_study(count=20, epochs=3))
    alone = illustrations(of)
    assert illustrations(of, processes=2) == alone
    names = [illustration.picture.name for illustration in alone]
    assert names == [entry.name for entry in CATALOGUE if entry.name in names]
    assert set(alone[0].files) == {"anytime.png", "anytime.pdf"}


@pytest.mark.slow
def test_nothing_to_show() -> None:
    assert illustrations(subject_of(synthetic.study()), processes=2) == []


def test_names_of_the_user_are_no_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("anytime", "learning_curves")
    few = [entry for entry in CATALOGUE if entry.name in names]
    monkeypatch.setattr("mdml_tune.analysis.page.illustrations.CATALOGUE", few)
    of = synthetic.study(*(searched(f"c{i}", float(i), method=r"$\frac$") for i in range(3)))
    assert [made.picture.name for made in illustrations(subject_of(of))] == list(names)
