"""A ranked configuration as a study file."""

import pytest
import yaml
from synthetic import confirmed, searched, study

from mdml_tune.analysis.ranking import rank
from mdml_tune.analysis.reuse import ranked_yaml, winner_yaml
from mdml_tune.errors import ReportError
from mdml_tune.records import Status

OF = study(
    searched("c1", 1.0),
    searched("c2", 9.0),
    *(confirmed("c1", 2.0, seed) for seed in (1000, 1001)),
    searched("c3", 0.0, status=Status.FAILED, epochs=1, failure="boom"),
)


def test_by_rank() -> None:
    rows = rank(OF)
    for place, config_id in enumerate(("c1", "c2", "c3"), start=1):
        text = ranked_yaml(OF, rows, place)
        content = yaml.safe_load(text)
        assert content["study"] == f"demo-rank-{place}"
        assert content["trial"]["name"] == config_id
        assert content["baseline"]["seeds"] == 3
        assert text.startswith(f"# {config_id} of study demo, rank {place}, ")
    assert "failed" in ranked_yaml(OF, rows, 3).splitlines()[0]


@pytest.mark.parametrize("place", [0, -1, 4])
def test_no_such_rank(place: int) -> None:
    with pytest.raises(ReportError, match=f"has ranks 1 to 3, and no rank {place}"):
        ranked_yaml(OF, rank(OF), place)


def test_the_winner_is_confirmed() -> None:
    content = yaml.safe_load(winner_yaml(OF, rank(OF)) or "")
    assert (content["study"], content["trial"]["name"]) == ("demo-winner", "c1")


def test_nothing_to_train_again() -> None:
    empty = study()
    assert winner_yaml(empty, rank(empty)) is None
    with pytest.raises(ReportError, match="no configuration yet"):
        ranked_yaml(empty, [], 1)
