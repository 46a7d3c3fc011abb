"""The report must say what was found, load nothing, and survive odd studies."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
import synthetic
import yaml
from synthetic import baselines, confirmed, searched, study

from mdml_tune.analysis.page.headline import headlines
from mdml_tune.analysis.page.summary import answer, warnings
from mdml_tune.analysis.ranking import rank
from mdml_tune.analysis.report import write_results
from mdml_tune.analysis.subject import subject_of
from mdml_tune.records import Status, StudyRecord, TrialRecord


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory):
    return write_results(
        subject_of(synthetic.rich_study(count=20, epochs=3)), tmp_path_factory.mktemp("results")
    )


def one_metric(gain: float, seed: int) -> TrialRecord:
    """Better in depth's absolute error alone."""
    trial = confirmed("c1", 0.0, seed)
    test = {**synthetic.scores(0.0), "depth/abs_err": 0.60 * (1 - gain / 100)}
    return replace(trial, test=test)


def test_every_file_is_there(written) -> None:
    names = {str(path.relative_to(written.folder)) for path in written.files}
    figures = {path.stem for path in written.files if path.parent.name == "figures"}
    assert {"anytime", "learning_curves", "parallel_coordinates", "generalisation_gap"} <= figures
    assert names == {
        "ranked.csv", "ranked.parquet", "delta_m.md", "delta_m.tex", "delta_m.csv",
        "comparisons.md", "comparisons.csv", "answer.md", "winner.yaml", "report.html",
        *(f"figures/{name}.{kind}" for name in figures for kind in ("png", "pdf")),
    }  # fmt: skip
    assert all(path.stat().st_size for path in written.files)
    assert len(pd.read_csv(written.ranked_csv)) == len(written.rows) == 20


def test_page_loads_nothing(written) -> None:
    page = written.report.read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", page)
    assert "http://" not in page
    assert "https://" not in page
    assert not re.search(r"@import|<link|url\((?!#)|fetch\(|XMLHttpRequest|eval\(", page)


def test_page_runs_one_script_its_own(written) -> None:
    page = written.report.read_text(encoding="utf-8")
    (allowed,) = re.findall(r"script-src 'sha256-([^']+)'", page)
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert hashes == [allowed]
    assert "default-src 'none'" in page
    assert not re.search(r'\son\w+="', page)


def test_what_others_wrote_cannot_leave_the_json(tmp_path: Path) -> None:
    trials = [
        searched("c1", 1.0, number=1, parameters={"kind": "</script><b>", "weight": 1}),
        searched("c2", 2.0, number=2, parameters={"kind": "<!--", "weight": 2}),
    ]
    page = write_results(subject_of(study(*trials)), tmp_path).report.read_text(encoding="utf-8")
    (told,) = re.findall(r'id="told">(.*?)</script>', page, flags=re.DOTALL)
    assert json.loads(told)["configurations"]["c1"][2] == ["</script><b>", "1"]
    assert "</script><b>" not in page


def test_ids_are_unique_and_every_mark_has_its_group(written) -> None:
    page = written.report.read_text(encoding="utf-8")
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    (told,) = re.findall(r'id="told">(.*?)</script>', page, flags=re.DOTALL)
    assert set(json.loads(told)["marks"]) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_page_is_small_enough_to_mail(written) -> None:
    assert written.report.stat().st_size < 1_000_000


def test_page_says_what_it_must(written) -> None:
    page = written.report.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert re.sub(r"<", "&lt;", written.answer).split(" reaches")[0] in page
    for text in (
        "Δm gain ↑ [%]", "95 % CI", "generalisation gap", "58a44271f0aa", "d41d8cd98f00b204",
        "mdml-tune train winner.yaml", "seeds 1000, 1001, 1002", "Failed trials", "12 completed",
        "prefers-color-scheme: dark", "Which of 4 methods (single network, independent peers, mutual and",
        "mdml-tune reproduce tc", "probability of being the best", "What was reached",
    ):  # fmt: skip
        assert text in page, text


def test_page_escapes_what_others_wrote(written) -> None:
    page = written.report.read_text(encoding="utf-8")
    assert "loss is not finite in epoch 4 (task depth) &lt;b&gt;&amp;" in page


def test_winner_can_be_trained_again(written) -> None:
    text = (written.folder / "winner.yaml").read_text(encoding="utf-8")
    winner = yaml.safe_load(text)
    assert winner["study"] == "rooms-mdml-scd-winner"
    assert winner["trial"]["name"] == written.rows[0].config_id


def test_same_study_same_files(written, tmp_path: Path) -> None:
    again = write_results(subject_of(synthetic.rich_study(count=20, epochs=3)), tmp_path)
    for ours, theirs in zip(written.files, again.files, strict=True):
        assert ours.read_bytes() == theirs.read_bytes(), ours.name


def test_answer_with_its_uncertainty() -> None:
    ahead = [confirmed("c1", g, s) for s, g in ((1, 5.0), (2, 5.2), (3, 5.1))]
    behind = [confirmed("c2", g, s) for s, g in ((1, 1.0), (2, 1.1), (3, 1.2))]
    found = answer(rank(study(*ahead, *behind)))
    assert found.startswith("c1 reaches +5.10 % Δm")
    assert "95 % CI [+4.85, +5.35], 3 seeds: better than single-task networks" in found
    assert "ahead of all others confirmed on several seeds" in found
    tied = [confirmed("c3", g, s) for s, g in ((1, 4.9), (2, 5.3), (3, 5.0))]
    assert "cannot be told apart from c3" in answer(rank(study(*ahead, *tied, *behind)))
    unsure = [confirmed("c1", g, s) for s, g in ((1, -2.0), (2, 3.0), (3, 1.0))]
    assert "not distinguishable from single-task" in answer(rank(study(*unsure)))


def test_the_best_of_many_is_not_called_better_as_one_would_be() -> None:
    # Three seeds 0.8 apart: a gain of 2.2 is 95 % sure for one configuration, not for the best of 6.
    one = [confirmed("c1", gain, seed) for seed, gain in ((1, 1.4), (2, 2.2), (3, 3.0))]
    assert ": better than single-task networks" in answer(rank(study(*one)))
    others = [confirmed(f"c{k}", 0.1 * k + 0.8 * s, s) for k in (2, 3, 4, 5, 6) for s in (-1, 0, 1)]
    of = study(*(confirmed("c1", 2.2 + 0.8 * s, s) for s in (-1, 0, 1)), *others)
    assert "not surely better than single-task networks, as the best of several" in answer(rank(of))


def test_a_confirmation_with_one_seed_is_neither_beaten_nor_counted() -> None:
    of = study(
        *(confirmed("c1", gain, seed) for seed, gain in ((1, 3.0), (2, 3.1), (3, 3.2))),
        *(confirmed("c2", gain, seed) for seed, gain in ((1, 1.0), (2, 1.1), (3, 1.2))),
        confirmed("c3", 5.0, 1),
    )
    rows = rank(of)
    assert "Not judged, with one seed each: c3." in answer(rows)
    notes = [headline.note for headline in headlines(of, rows)]
    assert "of 2 configurations confirmed on several seeds" in notes


def test_what_is_no_longer_so_goes(tmp_path: Path) -> None:
    done = study(*(confirmed(c, 1.0, s) for c in ("c1", "c2") for s in (1, 2)))
    assert (write_results(subject_of(done), tmp_path).folder / "winner.yaml").exists()
    draft = tmp_path / "figures" / ".anytime.png.99.tmp"
    draft.touch()
    write_results(subject_of(study()), tmp_path)
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"ranked.csv", "ranked.parquet", "answer.md", "report.html", draft.name}


def test_answer_without_confirmation() -> None:
    assert "No configuration has been trained" in answer([])
    assert "Not confirmed yet: c1 leads on val" in answer(rank(study(searched("c1", 1.0))))
    assert "no confidence interval" in answer(rank(study(confirmed("c1", 1.0, 1))))


def warned(of: StudyRecord) -> str:
    return " ".join(warnings(of, rank(of)))


def test_warns_when_one_metric_carries_the_gain() -> None:
    text = warned(study(one_metric(30.0, 1), one_metric(31.0, 2)))
    assert "depth abs. err. ↓ alone carries 100 % of the winner's Δm (+5.08 points)" in text
    assert not warned(study(confirmed("c1", 3.0, 1), confirmed("c1", 3.1, 2)))


def test_warns_of_lost_seeds_and_lone_baselines() -> None:
    lost = confirmed("c1", 0.0, 3, status=Status.FAILED, failure="crash")
    of = study(confirmed("c1", 3.0, 1), confirmed("c1", 3.1, 2), lost,
               references=baselines(factors=(1.0,)))  # fmt: skip
    text = warned(of)
    assert "1 confirming trial(s) of c1 failed" in text
    assert "have a single seed" in text


@pytest.mark.parametrize(
    "of",
    [
        study(references=()),
        study(),
        study(searched("c1", 0, status=Status.FAILED, epochs=0, failure="boom"), references=()),
        study(searched("c1", 0, status=Status.RUNNING, epochs=0)),
        study(searched("c1", 1.0)),
        study(searched("c1", 1.0, status=Status.PRUNED, epochs=1)),
        study(confirmed("c1", 1.0, 1)),
        study(*(confirmed(c, 1.0, s, method=c) for c in ("=c1", "<c2>") for s in (1, 2))),
    ],
    ids=["empty", "baselines", "failed", "running", "searched", "pruned", "one seed", "odd names"],
)
def test_odd_studies(of: StudyRecord, tmp_path: Path) -> None:
    found = write_results(subject_of(of), tmp_path)
    page = found.report.read_text(encoding="utf-8")
    assert "<c2>" not in page
    assert ("Not over:" in page) == any(trial.status is Status.RUNNING for trial in of.trials)
    assert found.ranked_csv.exists()
    assert len(found.rows) == len({trial.config_id for trial in of.trials})
