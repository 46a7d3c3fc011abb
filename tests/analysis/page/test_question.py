"""What a study asks, and what it ran, in words."""

from dataclasses import replace

import pytest
import synthetic
from synthetic import confirmed, searched, study

from mdml_tune.analysis.page.headline import headlines, one_run
from mdml_tune.analysis.page.question import listed, question, searched_settings, terms
from mdml_tune.analysis.page.ran import run_facts, spent
from mdml_tune.analysis.page.summary import unfinished
from mdml_tune.analysis.page.told import told
from mdml_tune.analysis.ranking import rank
from mdml_tune.records import Status

FILE = {
    "trial": {
        "data": {
            "dataset": "rooms", "train_size": 24, "val_size": 8, "test_size": None,
            "image_size": [32, 48],
        },
        "network": {"kind": "unet", "width": {"choice": [8, 16]}},
        "training": {"epochs": 80, "optimizer": {"learning_rate": {"log_uniform": [1e-4, 1e-2]}}},
        "mutual": {"peers": 2},
    },
    "search": {
        "sampler": {"kind": "tpe"}, "trials": 12, "objective": ["delta_m/depth", "delta_m/normals"],
        "early_stopping": None,
    },
    "confirm": {"top": 3, "seeds": 5},
    "baseline": {"seeds": 3},
    "budget": {"gpu_hours": 10.0, "cost_per_gpu_hour": None},
}  # fmt: skip


def test_question_names_what_is_searched() -> None:
    of = replace(study(), study=FILE)
    assert searched_settings(of) == ["network.width", "training.optimizer.learning_rate"]
    assert question(of) == (
        "With which network.width and training.optimizer.learning_rate does training gain most over "
        "single-task networks on segmentation, depth and normals?"
    )


def test_question_names_the_methods() -> None:
    methods = {"a": {}, "b": {"mutual": {"weight": {"uniform": [0, 1]}}}}
    of = replace(study(), study={"methods": methods})
    assert question(of).startswith(
        "Which of 2 methods (a and b), with mutual.weight searched, gains most"
    )
    assert question(study(methods=("a", "b"))).startswith("Which of 2 methods (a and b) gains most")
    assert question(study()).startswith(
        "What does the configuration gain over single-task networks"
    )


def test_long_lists_are_counted() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed([str(n) for n in range(25)]) == "0, 1, 2, 3, 4, 5, 6 and 18 others"


def test_terms_say_what_the_file_says() -> None:
    assert dict(terms(replace(study(), study=FILE))) == {
        "data": "rooms, images: 24 train, 8 val, 32 × 48 pixels",
        "network": "unet, width searched, 80 epochs",
        "peers": "2",
        "search": "12 configurations, proposed by tpe, judged on val by delta_m/depth and "
        "delta_m/normals",
        "confirmation": "the best 3, on 5 fresh seeds each and the test split",
        "single-task networks": "3 seeds of each task",
        "limits": "gpu hours 10.0",
    }
    assert terms(study()) == []


def test_peers_that_differ_are_counted() -> None:
    peers = [{"kind": "unet"}, {"kind": "segnet"}, {"kind": "unet"}]
    assert dict(terms(replace(study(), study={"trial": {"mutual": {"peers": peers}}}))) == {
        "peers": "3"
    }


def test_run_facts() -> None:
    facts = dict(run_facts(synthetic.rich_study(count=12, epochs=3)))
    assert facts["git commit"] == "58a44271f0aa"
    assert facts["versions"] == "mdml_tune 0.1.0, torch 2.9.1, ray 2.60.0"
    assert facts["baseline trials"] == "9 completed; seeds 0, 1, 2"
    assert facts["confirm trials"] == "12 completed; seeds 1000, 1001, 1002"
    assert facts["spent"].endswith("of trials, no GPU")
    none = dict(run_facts(study(about={"git_commit": None})))
    assert none["git commit"] == "not recorded"
    assert none["search trials"] == "none"


def test_what_it_cost() -> None:
    on_gpu = study(searched("c1", 1.0, epochs=60, gpus=0.5), references=())
    assert spent(on_gpu) == "1.00 h of trials, 0.50 h of GPUs"
    priced = replace(on_gpu, study={"budget": {"cost_per_gpu_hour": 2.4}})
    assert spent(priced) == "1.00 h of trials, 0.50 h of GPUs, 1.20 at 2.4 for a GPU-hour"


def test_headlines() -> None:
    of = study(*(confirmed(c, g + s / 10, s) for c, g in (("c1", 5), ("c2", 1)) for s in (1, 2, 3)))
    rows = rank(of)
    found = {name: (value, note) for name, value, note in headlines(of, rows)}
    assert found["Δm gain on test"][0] == "+5.20 %"
    assert found["Δm gain on test"][1].startswith("95 % CI [+")
    assert (
        found["probability of being the best"][1]
        == "of 2 configurations confirmed on several seeds"
    )
    assert found["seeds"] == ("3", "of the leader; 3 of each baseline")
    assert one_run(rows[0]) == "0.05 h with 1 CPU, for 3 epochs"
    assert [name for name, _, _ in headlines(study(), [])] == ["configurations searched", "spent"]


def test_what_has_not_ended_is_said() -> None:
    assert unfinished(study(searched("c1", 1.0))) is None
    running = searched("c1", 1.0, status=Status.RUNNING)
    assert "1 search" in (unfinished(study(running)) or "")


def test_the_script_is_told_of_every_configuration_that_is_named() -> None:
    of = synthetic.rich_study(count=12, epochs=3)
    rows = rank(of)
    found = told(of, rows, {}, [rows[0].config_id, rows[1].config_id])
    configurations = found["configurations"]
    assert isinstance(configurations, dict)
    assert list(configurations) == [rows[0].config_id, rows[1].config_id]
    label, standing, values = configurations[rows[0].config_id]
    assert label == rows[0].label
    assert standing.startswith("rank 1, tier 1, +")
    names = found["settings"]
    assert isinstance(names, list)
    assert len(values) == len(names) == 5


@pytest.mark.parametrize("broken", [{"trial": None}, {"search": []}, {"trial": {"data": []}}])
def test_a_file_without_sections_gives_no_terms(broken: dict[str, object]) -> None:
    assert terms(replace(study(), study=broken)) == []
