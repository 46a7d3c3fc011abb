"""Study files: found from anywhere, refused with their name, changed by --set."""

from pathlib import Path

import pytest
import yaml

from mdml_tune.config.load import load_trial
from mdml_tune.config.mutual import MutualConfig
from mdml_tune.config.network import UNetConfig
from mdml_tune.errors import ConfigError
from mdml_tune.spaces.find import find_study, shipped
from mdml_tune.spaces.load import load_study
from mdml_tune.spaces.plan import GridSampler, RandomSampler
from mdml_tune.spaces.study import Study


def test_studies_are_shipped() -> None:
    assert set(shipped()) >= {"rooms_mdml", "rooms_claim"}


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_study_loads_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    study = load_study(name)
    assert study.name == name
    assert load_study(f"{name}.yaml") == study == load_study(str(shipped()[name]))
    for corner in study.space.corners():
        load_trial(study.space.resolve(corner))
    for task in study.tasks:
        assert study.baseline_config(task).data.tasks == (task,)


def test_the_claim_is_told_from_doubled_compute() -> None:
    study = load_study("rooms_claim")
    trials = {study.space.method(a): study.space.resolve(a) for a in study.space.grid()}
    configs = {name: load_trial(values) for name, values in trials.items()}
    assert {name: config.peers for name, config in configs.items()} == {
        "one_network": 1,
        "independent_peers": 2,
        "mutual_peers": 2,
    }
    independent, mutual = configs["independent_peers"].mutual, configs["mutual_peers"].mutual
    assert isinstance(independent, MutualConfig)
    assert isinstance(mutual, MutualConfig)
    assert set(independent.weight.values()) == {0.0}
    assert min(mutual.weight.values()) > 0


def test_a_path_is_read_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    values = load_study("rooms_mdml").values
    Path("rooms_mdml").write_text(yaml.safe_dump({**values, "study": "mine"}), encoding="utf-8")
    assert load_study("rooms_mdml").name == "mine"
    odd = tmp_path / "with blank é"
    odd.mkdir()
    (odd / "study.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    assert load_study(str(odd / "study.yaml")).name == "rooms_mdml"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rooms_mdlm", "rooms_claim, rooms_mdml, "),
        ("rooms_mdlm", "; did you mean 'rooms_mdml'?"),
        ("search_spaces/rooms_mdml.yaml", "neither a file nor a shipped study"),
        ("", "rooms_claim"),
        (".", "is a folder"),
        ("a\x00b", "neither"),
        ("x" * 5000, "cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_found_is_met_with_what_can(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as error:
        find_study(name)
    assert message in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("# nothing", "is empty"),
        ("- a", "must hold keys and values"),
        ("study: x\nstudy: y", "line 2: 'study' is given twice"),
        ("study: [", "not valid YAML"),
        ("study: x\ntrial: {data: {dataset: room}}", "  trial.data.dataset: found 'room'"),
    ],
)
def test_a_file_that_is_no_study(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_study(str(path))
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)


def mdml(*set_values: str) -> Study:
    return load_study("rooms_mdml", set_values=set_values)


def claim(*set_values: str) -> Study:
    return load_study("rooms_claim", set_values=set_values)


def test_the_name_can_be_replaced() -> None:
    assert load_study("rooms_mdml", name="mine").name == "mine"
    with pytest.raises(ConfigError, match="study: found 'a/b'"):
        load_study("rooms_mdml", name="a/b")


def test_a_value_replaces_a_domain() -> None:
    study = mdml("mutual.temperature=2", "trial.mutual.weight.depth=1e-1")
    paths = [parameter.path for parameter in study.space.parameters]
    assert paths == ["mutual.weight.segmentation", "mutual.weight.normals", "mutual.warmup_epochs"]
    assert mdml("mutual.weight=0.3").space.parameters == mdml().space.parameters[3:]
    assert mdml("mutual=null").space.parameters == ()


def test_items_of_lists_by_index() -> None:
    study = mdml("data.image_size.1=80", "data.tasks.0=segmentation")
    assert study.values["trial"] == {
        **mdml().trial,
        "data": {**mdml().trial["data"], "image_size": [32, 80]},  # type: ignore[dict-item]
    }


def test_first_segments_that_leave_the_trial() -> None:
    study = mdml(
        "search.trials=3",
        "search.early_stopping=null",
        "confirm.top=0",
        "budget.gpu_hours=2",
        "resources.gpus=0.5",
        "baseline.trial.training.epochs=7",
    )
    assert (study.search.trials, study.search.early_stopping) == (3, None)
    assert study.confirm is not None
    assert (study.confirm.top, study.confirm.seeds) == (0, 3)
    assert (study.budget.gpu_hours, study.resources.gpus) == (2.0, 0.5)
    assert study.baseline_config(study.tasks[0]).training.epochs == 7


def test_the_last_of_equal_paths_wins() -> None:
    assert mdml("search.trials=3", "search.trials=5").search.trials == 5


def test_another_kind_keeps_what_it_has() -> None:
    assert mdml("search.sampler.kind=random").search.sampler == RandomSampler(kind="random")
    grid = claim("search.sampler.kind=tpe", "search.sampler.kind=grid")
    assert grid.search.sampler == GridSampler(kind="grid")
    optimizer = mdml("training.optimizer.kind=sgd").trial["training"]["optimizer"]  # type: ignore[index]
    assert optimizer == {"kind": "sgd", "learning_rate": 0.01}
    assert mdml("data.dataset=nyuv2").data.tasks == mdml().data.tasks


def test_methods_that_override_a_path_follow_it() -> None:
    study = claim("mutual.weight=0.7")
    assert study.methods is not None
    assert study.methods["one_network"] == {"mutual": None}
    assert study.methods["independent_peers"] == {"mutual": {"peers": 2, "weight": 0.7}}
    assert study.methods["mutual_peers"]["mutual"]["weight"] == 0.7  # type: ignore[index]
    assert study.trial == claim().trial
    one = claim("methods.mutual_peers.mutual.weight=0.7")
    assert one.methods is not None
    assert one.methods["independent_peers"] == {"mutual": {"peers": 2, "weight": 0}}


PEERS = """
study: peers
trial:
  data: {dataset: rooms, tasks: [depth], image_size: [48, 64]}
  mutual:
    peers: [{kind: unet, width: 8}, {kind: unet, width: {int: [8, 16]}, dropout: 0.1}]
  weighting: {kind: dwa, temperature: {uniform: [1, 4]}}
methods:
  dwa: {}
  cagrad: {weighting: {kind: cagrad, c: 0.4}}
"""


@pytest.fixture
def peers(tmp_path: Path) -> str:
    path = tmp_path / "peers.yaml"
    path.write_text(PEERS, encoding="utf-8")
    return str(path)


def test_a_list_of_peers_is_set_by_index(peers: str) -> None:
    paths = [parameter.path for parameter in load_study(peers).space.parameters]
    assert paths == ["method", "mutual.peers.1.width", "weighting.temperature"]
    study = load_study(peers, set_values=["mutual.peers.1.width=12", "mutual.peers.0.width=4"])
    assert {config.networks for config in study.corners} == {
        (UNetConfig(width=4), UNetConfig(width=12, dropout=0.1))
    }
    assert study.baseline_config(study.tasks[0]).network == UNetConfig(width=4)
    study = load_study(peers, set_values=["mutual.peers.1.kind=segnet", "data.image_size.0=64"])
    assert study.trial["mutual"]["peers"][1] == {"kind": "segnet", "width": {"int": [8, 16]}}  # type: ignore[index]
    single = load_study(peers, set_values=["mutual.peers=2", "network.kind=unet"])
    assert {config.peers for config in single.corners} == {2}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("mutual.peers.2.width=8", "there is no '2' below 'mutual.peers' (there: 0, 1)"),
        ("mutual.peers.1.width=3", "trial.mutual.peers.1.width: should be greater than or equal"),
        ("mutual.peers.1.wdth=8", "trial.mutual.peers.1.wdth: unknown key"),
        ("network.kind=segnet", "trial.network: differs from the first of mutual.peers"),
    ],
)
def test_a_mistake_in_a_list_of_peers(peers: str, assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_study(peers, set_values=[assignment])
    assert message in str(error.value)


def test_another_kind_goes_to_the_methods_that_name_one(peers: str) -> None:
    study = load_study(peers, set_values=["weighting.kind=famo"])
    assert study.trial["weighting"] == {"kind": "famo"}
    assert study.methods == {"dwa": {}, "cagrad": {"weighting": {"kind": "famo"}}}
    assert {config.weighting.kind for config in study.corners} == {"famo"}


def test_one_method_can_be_picked() -> None:
    study = claim("method=mutual_peers")
    assert list(study.methods or {}) == ["mutual_peers"]


CHOICE = """
study: choice
trial:
  data: {dataset: rooms, tasks: [depth]}
  mutual:
    choice:
      - null
      - {name: weak, weight: {log_uniform: [0.01, 0.1]}, warmup_epochs: 1}
      - {name: strong, weight: {log_uniform: [0.1, 1.0]}}
"""


@pytest.fixture
def choice(tmp_path: Path) -> str:
    path = tmp_path / "choice.yaml"
    path.write_text(CHOICE, encoding="utf-8")
    return str(path)


def test_a_path_under_a_choice_is_fixed_wherever_it_is(choice: str) -> None:
    study = load_study(choice, set_values=["mutual.weight=0.2"])
    assert [parameter.name for parameter in study.space.parameters] == ["mutual"]
    study = load_study(choice, set_values=["mutual.warmup_epochs=3"])
    weak, strong = study.trial["mutual"]["choice"][1:]  # type: ignore[index]
    assert weak["warmup_epochs"] == 3
    assert "warmup_epochs" not in strong


@pytest.mark.parametrize(
    ("label", "names"), [("strong", ["mutual.weight"]), ("none", []), ("null", [])]
)
def test_a_choice_takes_the_label_of_an_option(choice: str, label: str, names: list[str]) -> None:
    study = load_study(choice, set_values=[f"mutual={label}"])
    assert [parameter.name for parameter in study.space.parameters] == names


def test_a_path_that_no_option_has_is_refused(choice: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_study(choice, set_values=["mutual.wieght=1"])
    assert "no 'wieght' below 'mutual'" in str(error.value)
    assert "did you mean 'weight'?" in str(error.value)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("mutual.temperature", "write PATH=VALUE"),
        ("mutual.temperature=", "write PATH=VALUE"),
        ("=3", "write PATH=VALUE"),
        ("mutual..weight=3", "write PATH=VALUE"),
        ("trial=3", "write PATH=VALUE"),
        ("mutual.weight={a: 1}", "takes one value"),
        ("data.tasks=[depth]", "takes one value"),
        ("mutual.weight={", "not valid YAML"),
        ("mutual.weight=.nan", "not a finite number"),
        ("serch.trials=3", "did you mean 'search'?"),
        ("mutual.temprature=3", "trial.mutual.temprature: unknown key"),
        ("search.trals=3", "did you mean 'trials'?"),
        ("search.trials=three", "search.trials: should be a valid integer, found 'three'"),
        ("search.sampler.kind=gaussian", "allowed: random, grid, sobol, tpe"),
        ("search.stages.0.seeds=2", "no 'stages' below 'search'"),
        ("data.tasks.3=edges", "no '3' below 'data.tasks' (there: 0, 1, 2)"),
        ("mutual.temperature.uniform=3", "below 'mutual.temperature' (it is {'uniform'"),
        ("data.train_size.x=3", "below 'data.train_size' (it is 24)"),
        ("methods.x.mutual=null", "no 'methods' in the study"),
        ("training.batch_size=25", "trial.training.batch_size: 25 exceeds train_size 24"),
    ],
)
def test_what_cannot_be_set_is_explained(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        mdml(assignment)
    assert f"--set {assignment}" in str(error.value)
    assert message in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("method=mutual_pers", "did you mean 'mutual_peers'?"),
        ("methods.mutual_pers.mutual=null", "did you mean 'mutual_peers'?"),
    ],
)
def test_methods_are_known_by_name(assignment: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        claim(assignment)
    assert message in str(error.value)
