"""Notes say the answer first, fit into a tag, and are no wider than MLflow's page."""

from mdml_tune.analysis.numbers import DROP, GAIN, PRIMARY
from mdml_tune.records import Phase, TrialRecord
from mdml_tune.storage.studies import Storage
from mdml_tune.tracking import notes

TABLE = "Δm gain: what it means.\n\n| | depth | Δm gain ↑ [%] | 95 % CI | seeds |\n" + (
    "| :--- | ---: | ---: | ---: | ---: |\n| a \\| b | 0.5 | **+1.00** | [+0.5, +1.5] | 3 |\n"
)


def folder(tmp_path, **results: str):
    found = Storage(tmp_path).study("s")
    found.results.mkdir(parents=True)
    for name, text in results.items():
        (found.results / f"{name}.md").write_text(text)
    return found


def test_only_what_sums_up_all_metrics_stays_in_a_narrow_table() -> None:
    assert notes.narrow(TABLE) == (
        "| | Δm gain ↑ [%] | 95 % CI | seeds |\n| :--- | ---: | ---: | ---: |\n"
        "| a \\| b | **+1.00** | [+0.5, +1.5] | 3 |\n\nΔm gain: what it means."
    )
    assert notes.narrow("") == ""
    assert notes.narrow("only words") == "only words"


def test_the_headings_of_our_tables_are_known() -> None:
    metrics = ["segmentation mIoU ↑", "depth abs. err. ↓"]
    gains = [GAIN, DROP, PRIMARY, "95 % CI", "seeds"]
    kept = notes.narrow(f"| | {' | '.join(metrics + gains)} |")
    assert kept == f"| | {' | '.join(gains)} |"


def test_the_answer_comes_first_and_the_table_follows(tmp_path) -> None:
    note = notes.study_note(folder(tmp_path, answer="c1 wins.\n", delta_m=TABLE), "Which?", "7")
    assert note.startswith("**Answer:** c1 wins.\n\n| | Δm gain")
    assert "**Question:** Which?" in note
    assert "#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey=mdml-runs)" in note


def test_before_the_answer_the_way_to_it(tmp_path) -> None:
    found = folder(tmp_path)
    assert "not there yet" in notes.study_note(found, "Which?", "7")
    assert "mdml-tune report s" in notes.study_note(found, "Which?", "7")
    (found.results / "report.html").touch()
    assert notes.study_note(found, "Which?", "7").startswith("**Answer:** in `results/report.html`")


def test_a_long_table_is_shortened_to_what_a_tag_holds_and_says_so(tmp_path) -> None:
    row = "| a \\| b | 0.5 | **+1.00** | [+0.5, +1.5] | 3 |\n"
    found = folder(tmp_path, answer="c1 wins.", delta_m=TABLE + 400 * row)
    note = notes.study_note(found, "Which?", "7")
    assert notes.LONGEST - 100 < len(note) <= notes.LONGEST
    assert "goes on in `results/delta_m.md`" in note
    assert note.endswith("`figures/`.")
    table = [line for line in note.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) <= 2
    assert table[-1] == "| a \\| b | **+1.00** | [+0.5, +1.5] | 3 |"


def test_a_trial_tells_what_was_sampled_for_it() -> None:
    who = {"trial_key": "t", "config_id": "c1", "seed": 4}
    sampled = {"mutual.weight": 0.123456, "kind": "a|b", "scd": None}
    search = TrialRecord(**who, phase=Phase.SEARCH, number=3, parameters=sampled)
    assert notes.trial_note(search) == (
        "Trial 3 of the search, seed 4.\n\n| sampled | value |\n| --- | --- |\n"
        "| `mutual.weight` | 0.1235 |\n| `kind` | a\\|b |\n| `scd` | None |"
    )
    baseline = TrialRecord(**who, phase=Phase.BASELINE, method="depth")
    assert notes.trial_note(baseline) == "Single-task network for depth, seed 4."
    confirm = TrialRecord(**who, phase=Phase.CONFIRM)
    assert notes.trial_note(confirm) == "Configuration c1 again, with the fresh seed 4."
