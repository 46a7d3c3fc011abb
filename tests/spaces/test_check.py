"""The door: every mistake in a study is told once, under its path, before anything is paid for."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from mdml_tune.config.network import UNetConfig
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.study import Study
from mdml_tune.spaces.values import extremes

Spoil = Callable[[str, object], dict[str, Any]]
T, S = "trial", "search"
STOPPING = "search.early_stopping"
GRACE = f"{STOPPING}.grace_epochs"
PBT = {"kind": "pbt", "population": 4, "interval_epochs": 5}
POPULATION: dict[str, object] = {
    "sampler": {"kind": "random"},
    "trials": 4,
    "early_stopping": PBT,
}
TWO = ["delta_m/segmentation", "delta_m/depth"]
UNET = {"kind": "unet"}

MALFORMED = [
    # what stands where, path of the message, what it says
    ("study", ..., "study", "is missing"),
    ("study", 7, "study", "valid string, found 7"),
    ("study", "a b", "study", "'a b', allowed: up to 100 letters"),
    ("study", "../x", "study", "beginning with a letter or digit"),
    ("serch", {}, "serch", "did you mean 'search'?"),
    ("trial", ..., "trial", "is missing"),
    ("trial", None, "trial", "found None"),
    ("trial", {"choice": [{}, {}]}, "trial", "under methods"),
    # the trial
    (f"{T}.mutal", None, f"{T}.mutal", "did you mean 'mutual'?"),
    (f"{T}.mutual.temprature", 2, f"{T}.mutual.temprature", "did you mean 'temperature'?"),
    (f"{T}.mutual.temperature", "2", f"{T}.mutual.temperature", "found '2'"),
    (f"{T}.mutual.temperature", True, f"{T}.mutual.temperature", "found True"),
    (f"{T}.mutual.weight", {"depth": 1}, f"{T}.mutual.weight", "segmentation, depth"),
    (f"{T}.training.batch_size", 17, f"{T}.training.batch_size", "17 exceeds train_size 16"),
    (f"{T}.scd", {"wieght": 0.3}, f"{T}.scd.wieght", "did you mean 'weight'?"),
    (f"{T}.scd", {"stage_epochs": 12}, f"{T}.scd.stage_epochs", "give at most 11"),
    (f"{T}.okd_mtl", {}, f"{T}.okd_mtl", "cannot be combined with mutual"),
    (f"{T}.mutual.peers", [{"kind": "unet", "width": 3}], f"{T}.mutual.peers.0.width", "found 3"),
    (f"{T}.mutual.peers", [{"width": 8}], f"{T}.mutual.peers.0.kind", "is missing"),
    (f"{T}.mutual.peers", [8], f"{T}.mutual.peers.0", "found 8"),
    (f"{T}.weighting", {"kind": "dwa", "temprature": 1}, f"{T}.weighting.temprature", "did you"),
    # domains at their corners
    (f"{T}.mutual.temperature", {"uniform": [6, 1]}, f"{T}.mutual.temperature", "low 6 exceeds"),
    (f"{T}.mutual.temperature", {"uniform": [0, 6]}, f"{T}.mutual.temperature", "than 0, found 0"),
    (f"{T}.mutual.temperature", {"unifrom": [1, 6]}, f"{T}.mutual.temperature", "'uniform'?"),
    (f"{T}.mutual.temperature", {"randint": [1, 6]}, f"{T}.mutual.temperature", "mean 'int'?"),
    (f"{T}.mutual.temperature", {"int": [1, 6]}, f"{T}.mutual.temperature", "use uniform"),
    (f"{T}.mutual.temperature", {"log_int": [1, 6]}, f"{T}.mutual.temperature", "takes fractions"),
    (f"{T}.mutual.warmup_epochs", {"uniform": [0, 4]}, f"{T}.mutual.warmup_epochs", "use int"),
    (f"{T}.mutual.warmup_epochs", {"uniform": [0, 4, 1]}, f"{T}.mutual.warmup_epochs", "use int"),
    (f"{T}.mutual.warmup_epochs", {"int": [-1, 4]}, f"{T}.mutual.warmup_epochs", "found -1"),
    (f"{T}.mutual.weight", {"uniform": [-1, 1]}, f"{T}.mutual.weight", "equal to 0, found -1.0"),
    (f"{T}.mutual.weight", {"choice": [1, "high"]}, f"{T}.mutual.weight", "found 'high'"),
    (f"{T}.mutual.update", {"choice": ["both"]}, f"{T}.mutual.update", "allowed: simultaneous"),
    (f"{T}.mutual.weight.depth", {"choice": []}, f"{T}.mutual.weight.depth", "at least one"),
    (
        f"{T}.mutual.temperature",
        {"uniform": [1, 6], "step": 1},
        f"{T}.mutual.temperature",
        "stands alone, found 'step'",
    ),
    (
        f"{T}.mutual",
        {"choice": [None, {"name": "soft", "wieght": 1}]},
        f"{T}.mutual.wieght",
        "did you mean 'weight'?",
    ),
    (
        f"{T}.mutual",
        {"choice": [None, {"weight": 1, "temperature": {"uniform": [-1, 1]}}]},
        f"{T}.mutual.temperature",
        "greater than 0, found -1.0",
    ),
    (f"{T}.mutual.ramp", {"uniform": [0, 4]}, f"{T}.mutual.ramp", "use int or log_int"),
    (f"{T}.mutual.ramp", {"int": [-1, 4]}, f"{T}.mutual.ramp", "found -1"),
    (f"{T}.mutual.warmup_epochs", {"int": [0, 12]}, f"{T}.mutual.warmup_epochs", "most 11"),
    (f"{T}.scd", {"weight": {"int": [0, 1]}}, f"{T}.scd.weight", "takes fractions"),
    (f"{T}.scd", {"stage_epochs": {"int": [3, 12]}}, f"{T}.scd.stage_epochs", "give at most 11"),
    (
        f"{T}.scd",
        {"adaptor": {"learning_rate": {"uniform": [0, 1]}}},
        f"{T}.scd.adaptor.learning_rate",
        "0.0",
    ),
    (f"{T}.weighting", {"kind": "famo", "gamma": {"int": [0, 1]}}, f"{T}.weighting.gamma", "frac"),
    (f"{T}.weighting", {"kind": {"choice": ["si", "famos"]}}, f"{T}.weighting.kind", "'famo'?"),
    (
        f"{T}.mutual.peers",
        [{"kind": "unet"}, {"kind": "unet", "dropout": {"log_int": [1, 2]}}],
        f"{T}.mutual.peers.1.dropout",
        "less than 1, found 1",
    ),
    (
        f"{T}.mutual.peers",
        [{"kind": "unet"}, {"kind": "unet", "dropout": {"choice": [0.1, "high"]}}],
        f"{T}.mutual.peers.1.dropout",
        "found 'high'",
    ),
    # what may not vary
    (f"{T}.data.train_size", {"int": [8, 16]}, f"{T}.data.train_size", "same data"),
    (
        f"{T}.network",
        {**UNET, "width": {"int": [8, 16]}},
        f"{T}.network.width",
        "line.trial.network",
    ),
    (f"{T}.network", {"choice": [UNET, {"kind": "mtan"}]}, f"{T}.network", "baseline.trial"),
    (
        f"{T}.mutual.peers",
        [{"kind": "unet", "width": {"int": [8, 16]}}, UNET],
        f"{T}.mutual.peers.0.width",
        "so baseline.trial.network.width must say",
    ),
    (
        f"{T}.mutual.peers",
        {"choice": [2, [{"kind": "unet", "width": 8}, UNET]]},
        "baseline.trial.network",
        "the first of mutual.peers is not the same in every trial",
    ),
    (
        "methods.one",
        {"mutual": {"peers": [{"kind": "unet", "width": 8}, UNET]}},
        "baseline.trial.network",
        "the first of mutual.peers is not the same in every trial",
    ),
    (f"{T}.training.clip_norm", {"choice": [None, 1.0]}, f"{T}.training.clip_norm", "baseline"),
    (
        f"{T}.training.schedule",
        {"choice": [{"kind": "one_cycle", "warmup": {"uniform": [0.1, 0.5]}}, {"kind": "cosine"}]},
        f"{T}.training.schedule",
        "baseline.trial.training.schedule",
    ),
    # methods
    ("methods", {}, "methods", "at least 1"),
    ("methods", ["a"], "methods", "found ['a']"),
    ("methods.a b", {}, "methods.a b", "letters, digits"),
    ("methods.choice", {}, "methods.choice", "not like a domain"),
    ("methods.one", None, "methods.one", "found None"),
    ("methods.one", {"choice": [{}]}, "methods.one", "under methods"),
    ("methods.one.data", {"train_size": 8}, "methods.one.data", "the same data"),
    ("methods.one", {"mutual": {"peers": 0}}, "methods.one.mutual.peers", "found 0"),
    ("methods.one", {"mutual": {"temperature": 0}}, "methods.one.mutual.temperature", "found 0"),
    ("methods.one", {"mutual": {"pers": 3}}, "methods.one.mutual.pers", "did you mean 'peers'?"),
    ("methods.one", {"mutual": {"peers": {"int": [3, 2]}}}, "methods.one.mutual.peers", "low 3"),
    ("methods.one", {"network": {"kind": "mtan"}}, "methods.one.network.kind", "baseline.trial"),
    ("methods.one", {"weighting": {"kind": "cagrad", "c": -1}}, "methods.one.weighting.c", "-1"),
    ("methods.one", {"weighting": {"kind": "dwaa"}}, "methods.one.weighting.kind", "'dwa'?"),
    ("methods.one", {"scd": {"blocks": "two"}}, "methods.one.scd.blocks", "found 'two'"),
    ("methods.one", {"okd_mtl": {}}, "methods.one.okd_mtl", "cannot be combined with mutual"),
    (
        "methods.one",
        {"mutual": {"peers": [{"kind": "unet"}, {"kind": "unet", "width": 3}]}},
        "methods.one.mutual.peers.1.width",
        "found 3",
    ),
    (
        "methods.one",
        {"weighting": {"kind": "famo", "c": 0.4}},
        "methods.one.weighting.c",
        "allowed: kind, learning_rate, gamma",
    ),
    # baselines
    ("baseline", {"seeds": 0}, "baseline.seeds", "found 0"),
    ("baseline", {"trial": {"mutual": None}}, "baseline.trial.mutual", "network, training"),
    ("baseline", {"trial": {"netwrok": {}}}, "baseline.trial.netwrok", "did you mean 'network'?"),
    (
        "baseline",
        {"trial": {"training": {"epochs": 0}}},
        "baseline.trial.training.epochs",
        "found 0",
    ),
    (
        "baseline",
        {"trial": {"training": {"epochs": {"int": [1, 2]}}}},
        "baseline.trial.training.epochs",
        "must be one value",
    ),
    # how to search
    (f"{S}.trals", 3, f"{S}.trals", "did you mean 'trials'?"),
    (f"{S}.trials", 0, f"{S}.trials", "found 0"),
    (f"{S}.trials", 1.5, f"{S}.trials", "found 1.5"),
    (f"{S}.seed", -1, f"{S}.seed", "found -1"),
    (f"{S}.sampler", {"kind": "tpee"}, f"{S}.sampler.kind", "did you mean 'tpe'?"),
    (f"{S}.sampler", {}, f"{S}.sampler.kind", "is missing"),
    (f"{S}.sampler", {"kind": "random", "startup_trials": 3}, f"{S}.sampler.startup_trials", "key"),
    (f"{S}.objective", "delta_m/dpth", f"{S}.objective", "did you mean 'delta_m/depth'?"),
    (f"{S}.objective", "delta_m/normals", f"{S}.objective", "delta_m/segmentation, delta_m/depth"),
    (f"{S}.objective", 7, f"{S}.objective", "or a list of them, found 7"),
    (f"{S}.objective", ["delta_m", 7], f"{S}.objective", "or a list of them, found ['delta_m', 7]"),
    (f"{S}.objective", [], f"{S}.objective", "is empty, allowed: delta_m, delta_m/seg"),
    (f"{S}.objective", ["delta_m", "delta_m/dpth"], f"{S}.objective.1", "mean 'delta_m/depth'?"),
    (f"{S}.objective", ["delta_m", "delta_m"], f"{S}.objective.1", "named twice"),
    (f"{S}.stages", [], f"{S}.stages", "at least one stage"),
    (f"{S}.stages", [{"top": 3}], f"{S}.stages.0.top", "found 3; every configuration"),
    (f"{S}.stages", [{}, {"seeds": 3}], f"{S}.stages.1.top", "is missing"),
    (f"{S}.stages", [{}, {"seeds": 3, "top": 5}], f"{S}.stages.1.top", "only 4 can reach"),
    (f"{S}.stages", [{}, {"seeds": 1, "top": 3}], f"{S}.stages.1.seeds", "give 2 or more"),
    (f"{S}.stages", [{}, {"seeds": 3, "top": 0}], f"{S}.stages.1.top", "found 0"),
    (
        f"{S}.stages",
        [{}, {"seeds": 2, "top": 3}, {"seeds": 3, "top": 3}],
        f"{S}.stages.2.top",
        "give fewer than 3",
    ),
    (f"{S}.stages", [{"seeds": 0}], f"{S}.stages.0.seeds", "found 0"),
    (f"{S}.early_stopping", {"kind": "hyperbnd"}, f"{S}.early_stopping.kind", "allowed: asha"),
    (f"{S}.early_stopping.reduction", 1, f"{S}.early_stopping.reduction", "found 1"),
    (GRACE, 13, GRACE, "13 exceeds training.epochs 12"),
    (GRACE, 3, GRACE, "mutual.warmup_epochs goes up to 4; give at least that"),
    ("methods.one", {"mutual": None, "okd_mtl": {"warmup_epochs": 6}}, GRACE, "okd_mtl.warmup_ep"),
    ("methods.one", {"weighting": {"kind": "stch", "warmup_epochs": 6}}, GRACE, "to 6; give"),
    (STOPPING, {"reduction": 2}, f"{STOPPING}.kind", "is missing"),
    (STOPPING, {"kind": "median", "grace_epochs": 3}, GRACE, "goes up to 4"),
    (STOPPING, {"kind": "hyperband", "grace_epochs": 13}, GRACE, "13 exceeds"),
    (STOPPING, PBT, f"{S}.sampler.kind", "give sampler: {kind: random}"),
    (S, POPULATION | {"trials": 3}, f"{STOPPING}.population", "4 exceeds search.trials 3"),
    (S, POPULATION | {"stages": [{}, {"seeds": 2, "top": 1}]}, f"{S}.stages", "[{seeds: 1}] alone"),
    (S, POPULATION | {"objective": TWO}, f"{STOPPING}.kind", "judges by one objective, found 2"),
    (
        S,
        {"objective": TWO, "early_stopping": {"kind": "median"}},
        f"{STOPPING}.kind",
        "take asha or hyperband",
    ),
    (
        S,
        POPULATION | {"early_stopping": {**PBT, "interval_epochs": 12}},
        f"{STOPPING}.interval_epochs",
        "leaves none of training.epochs 12; give at most 11",
    ),
    (
        S,
        POPULATION | {"early_stopping": {**PBT, "interval_epochs": 3}},
        f"{STOPPING}.interval_epochs",
        "goes up to 4; give at least that",
    ),
    (S, {"sampler": {"kind": "cmaes"}, "objective": TWO}, f"{S}.sampler.kind", "take nsga2"),
    ("budget", {"gpu_hours": 1}, "budget.gpu_hours", "limit budget.wall_clock instead"),
    ("budget", {"cost": 1}, "budget.cost", "needs budget.cost_per_gpu_hour above 0"),
    ("budget", {"cost": 1, "cost_per_gpu_hour": 0}, "budget.cost", "needs budget.cost_per_gpu"),
    ("budget", {"cost": 1, "cost_per_gpu_hour": 2}, "budget.cost", "resources.gpus is 0"),
    ("confirm", {"top": -1}, "confirm.top", "found -1"),
    ("confirm", {"seeds": 0}, "confirm.seeds", "found 0"),
    ("budget", {"gpu_hours": 0}, "budget.gpu_hours", "found 0"),
    ("budget", {"wall_clock": "90m"}, "budget.wall_clock", "found '90m'"),
    ("budget", {"wall_clock": float("inf")}, "budget.wall_clock", "finite"),
    ("budget", {"gpu_hour": 1}, "budget.gpu_hour", "did you mean 'gpu_hours'?"),
    ("resources", {"cpus": 0}, "resources.cpus", "found 0"),
    ("resources", {"gpus": -1}, "resources.gpus", "found -1"),
    ("resources", {"gpus": 1.5}, "resources.gpus", "whole GPUs"),
]


@pytest.mark.parametrize(("place", "value", "path", "message"), MALFORMED)
def test_a_mistake_is_told_once_under_its_path(
    spoilt: Spoil, place: str, value: object, path: str, message: str
) -> None:
    values = spoilt(place, value)
    before = deepcopy(values)
    found = check_study(values)
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [path]
    assert message in found[0].message
    assert repr(values) == repr(before)


def test_the_study_itself_is_in_order(study: dict[str, Any]) -> None:
    assert isinstance(check_study(study), Study)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("search", {}),
        ("search", ...),
        (f"{S}.sampler", {"kind": "random"}),
        (f"{S}.objective", "delta_m/depth"),
        (f"{S}.stages", [{"seeds": 1}]),
        (f"{S}.early_stopping", None),
        (GRACE, 12),
        ("confirm", None),
        ("confirm", {"top": 0}),
        ("budget", {"wall_clock": 0.5, "cost_per_gpu_hour": 0}),
        (f"{S}.objective", ["delta_m"]),
        (S, {"objective": TWO, "sampler": {"kind": "nsga2"}, "early_stopping": {"kind": "asha"}}),
        (S, {"objective": TWO, "early_stopping": {"kind": "hyperband"}}),
        (f"{S}.sampler", {"kind": "cmaes"}),
        (f"{S}.stages", [{"seeds": 2}]),
        (f"{S}.stages", [{}, {"seeds": 2, "top": 4}, {"seeds": 3, "top": 1}]),
        (S, POPULATION),
        (S, POPULATION | {"early_stopping": {**PBT, "interval_epochs": 11}}),
        ("resources", {"gpus": 0.25}),
        ("resources", {"gpus": 2}),
        ("methods", {"only": {}}),
        ("methods", {"one-network": {"mutual": None}, "2_peers": {}}),
        (f"{T}.mutual", {"choice": [None, {"weight": {"choice": [0, 0.3, 1]}}]}),
        (f"{T}.mutual.peers", {"int": [1, 3]}),
        (f"{T}.mutual.weight", 0),
        (f"{T}.mutual.ramp", {"int": [0, 9]}),
        (f"{T}.mutual.peers", [UNET, {"kind": "unet", "width": {"int": [8, 16]}}]),
        (f"{T}.mutual.peers", {"choice": [2, [UNET, {"kind": "unet", "width": 8}]]}),
        ("methods.one", {"mutual": {"peers": [UNET, {"kind": "unet", "dropout": 0.1}]}}),
        ("methods.one", {"mutual": None, "okd_mtl": {}}),
    ],
)
def test_what_is_allowed(spoilt: Spoil, place: str, value: object) -> None:
    assert isinstance(check_study(spoilt(place, value)), Study)


def test_every_problem_is_told_at_once(spoilt: Spoil) -> None:
    spoilt("study", "a b")
    spoilt("trial.mutual.temperature", {"uniform": [6, 1]})
    spoilt("trial.mutual.weight.depth", {"uniform": [-1, 1]})
    spoilt("trial.training.epochs", 0)
    spoilt("resources", {"gpus": 1.5})
    found = check_study(spoilt("search.objective", "delta_m/x"))
    assert isinstance(found, list)
    assert {problem.path for problem in found} >= {
        "study",
        "trial.mutual.temperature",
        "trial.mutual.weight.depth",
        "trial.training.epochs",
        "resources.gpus",
    }
    misspelt = check_study(spoilt("search.trals", 3))
    assert isinstance(misspelt, list)
    assert {problem.path for problem in misspelt} >= {"search.trals", "trial.training.epochs"}


def test_cmaes_needs_a_range(spoilt: Spoil) -> None:
    spoilt("search.sampler", {"kind": "cmaes"})
    found = check_study(spoilt("trial.mutual", {"weight": {"choice": [0, 1]}}))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["search.sampler.kind"]
    assert "moves in ranges, and this study searches none" in found[0].message


@pytest.mark.parametrize(
    "budget", [{"gpu_hours": 1}, {"cost": 3, "cost_per_gpu_hour": 2}, {"cost": 3, "gpu_hours": 1}]
)
def test_gpu_hours_and_cost_need_gpus(spoilt: Spoil, budget: dict[str, float]) -> None:
    spoilt("resources", {"gpus": 0.5})
    found = check_study(spoilt("budget", budget))
    assert isinstance(found, Study) == ("cost" not in budget or "cost_per_gpu_hour" in budget)


def test_a_choice_of_too_many_options_is_refused(spoilt: Spoil) -> None:
    found = check_study(spoilt("trial.mutual.warmup_epochs", {"choice": list(range(1001))}))
    assert isinstance(found, list)
    assert found[0].message.startswith("choice takes at most 1,000 options, found 1,001")


def test_a_space_of_many_parameters_is_checked_in_time(spoilt: Spoil) -> None:
    dropout = {"choice": [part / 20 for part in range(12)]}
    peers = [{"kind": "unet", "dropout": dropout} for _ in range(8)]
    spoilt("baseline", {"trial": {"network": {"kind": "unet", "dropout": 0.0}}})
    wide = {"choice": list(range(4))}
    study = check_study(spoilt("trial.mutual", {"peers": peers, "warmup_epochs": wide}))
    assert isinstance(study, Study)
    corners = list(study.space.corners())
    assert len(corners) == 2000
    first = corners[0]
    singles = [c for c in corners if sum(c[name] != first[name] for name in first) == 1]
    for parameter in study.space.parameters:
        alone = {corner[parameter.name] for corner in [first, *singles]}
        assert alone == set(extremes(parameter.domain))


def test_a_grid_over_a_float_domain_needs_a_step(spoilt: Spoil) -> None:
    found = check_study(spoilt("search.sampler", {"kind": "grid"}))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == [
        "trial.mutual.weight.segmentation",
        "trial.mutual.temperature",
    ]
    spoilt("trial.mutual.weight.segmentation", {"uniform": [0, 1, 0.5]})
    stepped = check_study(spoilt("trial.mutual.temperature", {"choice": [1, 2]}))
    assert isinstance(stepped, Study)
    assert stepped.space.grid_size() == 3 * 2 * 5


def test_baselines_fix_what_the_recipe_leaves_open(spoilt: Spoil) -> None:
    spoilt("trial.training.optimizer", {"learning_rate": {"log_uniform": [1e-4, 1e-2]}})
    spoilt("trial.network", {"choice": [{**UNET, "width": 8}, {**UNET, "width": 16}]})
    found = check_study(spoilt("methods", {"long": {"training": {"epochs": 20}}}))
    assert isinstance(found, list)
    assert {problem.path for problem in found} == {
        "methods.long.training.epochs",
        "trial.network",
        "trial.training.optimizer.learning_rate",
    }
    recipe = {"network": {**UNET, "width": 8}, "training": {"optimizer": {"learning_rate": 1e-3}}}
    recipe["training"]["epochs"] = 12  # type: ignore[assignment]
    study = check_study(spoilt("baseline", {"trial": recipe}))
    assert isinstance(study, Study)
    config = study.baseline_config(study.tasks[0])
    assert (config.network.width, config.training.optimizer.learning_rate) == (8, 1e-3)
    assert (config.training.epochs, study.epochs) == (12, 20)


def test_values_that_do_not_go_together_are_found_wherever_their_domains_stand(
    spoilt: Spoil,
) -> None:
    # Each of the two is in order while the other is at its first value.
    spoilt("trial.mutual.fusion", {"choice": ["additive", "convex"]})
    found = check_study(spoilt("trial.mutual.weight", {"log_uniform": [0.1, 3.0]}))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["trial.mutual.weight"]
    spoilt("trial.mutual.weight", {"log_uniform": [0.1, 1.0]})
    spoilt("baseline", {"trial": {"training": {"epochs": 12}}})
    spoilt("trial.training.epochs", {"choice": [30, 12]})
    option = {"name": "late", "blocks": "each", "stage_epochs": {"int": [2, 20]}}
    found = check_study(spoilt("trial.scd", {"choice": [None, option]}))
    assert isinstance(found, list)
    assert [problem.path for problem in found] == ["trial.scd.stage_epochs"]


def test_baselines_copy_the_first_of_the_peers(spoilt: Spoil) -> None:
    peers = [{"kind": "unet", "width": 8}, {"kind": "unet", "width": {"int": [4, 16]}}]
    study = check_study(spoilt("trial.mutual.peers", peers))
    assert isinstance(study, Study)
    for config in (study.baseline_config(study.tasks[0]), study.equal_weighting_config()):
        assert config.networks == (UNetConfig(width=8),)
    assert {config.network for config in study.corners} == {UNetConfig(width=8)}
    # A number of peers has none of its own, so that it has to be said.
    spoilt("trial.mutual.peers", {"choice": [2, peers]})
    told = check_study(spoilt("baseline", {"trial": {"network": {"kind": "unet", "width": 5}}}))
    assert isinstance(told, Study)
    assert told.baseline_config(told.tasks[0]).network == UNetConfig(width=5)


def test_what_a_method_leaves_out_is_missing_there(spoilt: Spoil) -> None:
    spoilt("baseline", {"trial": {"network": UNET}})
    spoilt("trial.network", {**UNET, "width": 8})
    found = check_study(spoilt("methods", {"own": {"network": {"kind": "custom"}}, "plain": {}}))
    assert isinstance(found, list)
    assert {problem.path: problem.message for problem in found} == {
        "methods.own.network.function": "is missing"
    }


def test_a_population_finds_its_changes_itself(spoilt: Spoil) -> None:
    values = spoilt("search", POPULATION)
    values["trial"] |= {"changes": [{"epoch": 3, "learning_rate": 1e-4}]}
    found = check_study(values)
    assert not isinstance(found, Study)
    assert [problem.path for problem in found] == ["trial.changes"]
