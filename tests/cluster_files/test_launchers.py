"""What holds for each cluster file of Ray's launcher, and across them."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray.autoscaler
import yaml
from cluster_files.shipped import CLOUDS, LAUNCHERS, PROJECT, SCRIPTS, launcher
from ray.autoscaler._private.constants import AUTOSCALER_UTILIZATION_SCORER_KEY
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start

COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)
FEW_FILES = """\
ulimit() {
    case $1${2:-} in -Hn) echo 4096 ;; -n4096) echo 4096 ;; *) return 1 ;; esac
}"""
"""A machine that allows 4096 open files: root may raise its own limit, so that the real one is no test."""
SPOT = {"InstanceMarketOptions", "scheduling"}


def commands(config: dict[str, Any], *kinds: str) -> Iterator[str]:
    for kind in kinds or COMMANDS:
        yield from config[kind]


def starting(config: dict[str, Any], kind: str) -> str:
    (command,) = (one for one in config[kind] if re.search(r"\bray start\b", one))
    return command


def room(command: str) -> str:
    """The part that asks for more open files."""
    (found,) = re.findall(r"{ ulimit -n 65536 .*?}", command)
    return found


@pytest.mark.parametrize("name", LAUNCHERS)
def test_ray_takes_it(name: str) -> None:
    validate_config(prepare_config(launcher(name)))


@pytest.mark.parametrize("name", LAUNCHERS)
def test_nothing_is_left_to_rays_defaults(name: str) -> None:
    config = launcher(name)
    kind = config["provider"]["type"]
    defaults = yaml.safe_load(
        (Path(ray.autoscaler.__file__).parent / kind / "defaults.yaml").read_text()
    )
    assert set(defaults) - set(config) <= {"docker"}
    assert set(defaults.get("provider", {})) <= set(config["provider"])


@pytest.mark.parametrize("name", LAUNCHERS)
@pytest.mark.parametrize("kind", ["head_start_ray_commands", "worker_start_ray_commands"])
def test_ray_starts_with_a_token_and_room_for_its_files(name: str, kind: str) -> None:
    config = launcher(name)
    assert config[kind][0] == "ray stop"
    command = starting(config, kind)
    before, flags = command.split("ray start")
    assert "RAY_AUTH_MODE=token" in before
    raised = subprocess.run(
        ["bash", "-c", f"{FEW_FILES}; {room(before)}"], capture_output=True, text=True, check=True
    )
    assert raised.stdout == "4096\n"
    assert "--disable-usage-stats" in flags
    known = {option for parameter in start.params for option in parameter.opts}
    assert set(re.findall(r"--[a-z-]+", flags)) <= known


@pytest.mark.parametrize("name", LAUNCHERS)
def test_the_head_shows_itself_to_loopback_alone(name: str) -> None:
    config = launcher(name)
    head = starting(config, "head_start_ray_commands")
    assert "--dashboard-host=127.0.0.1" in head
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in head
    # On a second `ray up` the shell has it. Trials would inherit it, also those on the head.
    assert "env -u MLFLOW_TRACKING_PASSWORD" in head.split("ray start")[0]
    assert config["head_start_ray_commands"][-1].endswith("serve_mlflow.sh")
    assert "--address=$RAY_HEAD_IP:6379" in starting(config, "worker_start_ray_commands")


@pytest.mark.parametrize("name", LAUNCHERS)
def test_shells_can_read_the_commands(name: str) -> None:
    for command in commands(launcher(name)):
        subprocess.run(["bash", "-n", "-c", command], check=True)
        for script in re.findall(r"~/mdml-tune/cluster/scripts/([\w.]+)", command):
            assert (SCRIPTS / script).is_file()


@pytest.mark.parametrize("name", LAUNCHERS)
def test_mounts_are_those_of_every_cluster(name: str) -> None:
    mounts = launcher(name)["file_mounts"]
    assert mounts == launcher("onprem")["file_mounts"]
    assert mounts.pop("~/.ray/auth_token") == "~/.ray/auth_token"
    for there, here in mounts.items():
        assert there == f"~/mdml-tune/{here}"
        assert (PROJECT / here).exists()
    # What installing the package reads.
    needed = {"mdml_tune", "search_spaces", "pyproject.toml", "README.md", "LICENSE"}
    assert needed | {"cluster", "requirements.lock"} == set(mounts.values())


@pytest.mark.parametrize("name", CLOUDS)
def test_spot_and_on_demand_are_alike(name: str) -> None:
    types = launcher(name)["available_node_types"]
    spot, fallback = types["gpu_spot"], types["gpu_ondemand"]
    assert spot["resources"] == fallback["resources"]
    assert spot["max_workers"] == fallback["max_workers"]
    plain = {key: value for key, value in spot["node_config"].items() if key not in SPOT}
    assert plain == {k: v for k, v in fallback["node_config"].items() if k not in SPOT}
    assert is_spot(spot["node_config"])
    assert not is_spot(fallback["node_config"])
    assert not is_spot(types["head"]["node_config"])


def is_spot(node: dict[str, Any]) -> bool:
    market = node.get("InstanceMarketOptions", {}).get("MarketType")
    return market == "spot" or node.get("scheduling", {}).get("provisioningModel") == "SPOT"


@pytest.mark.parametrize("name", CLOUDS)
def test_clouds_cost_nothing_idle_but_the_head(name: str) -> None:
    config = launcher(name)
    types = config["available_node_types"]
    assert all(kind["min_workers"] == 0 for kind in types.values())
    assert all(
        config["max_workers"] == types[one]["max_workers"] for one in ("gpu_spot", "gpu_ondemand")
    )
    assert types[config["head_node_type"]]["resources"] == {"CPU": 0, "GPU": 0}
    assert config["provider"]["cache_stopped_nodes"] is False
    assert config["upscaling_speed"] >= config["max_workers"]


@pytest.mark.parametrize("name", CLOUDS)
def test_no_node_joins_without_the_shared_folder(name: str) -> None:
    config = launcher(name)
    assert any("mount_shared.sh" in one for one in config["initialization_commands"])
    for kind in ("head_start_ray_commands", "worker_start_ray_commands"):
        assert starting(config, kind).startswith("mountpoint -q /mnt/mdml &&")


@pytest.mark.parametrize(("name", "extra"), [("gpu", "aws"), ("gpu-gcp", "gcp")])
def test_the_head_gets_the_client_of_its_cloud(name: str, extra: str) -> None:
    (command,) = launcher(name)["setup_commands"]
    assert command.endswith(f"install.sh {extra}")
    known = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert {extra, "cluster", "server"} <= set(known["project"]["optional-dependencies"])


@pytest.mark.parametrize("name", CLOUDS)
def test_the_head_asks_by_our_order(name: str) -> None:
    command = starting(launcher(name), "head_start_ray_commands")
    assigned = dict(word.split("=", 1) for word in shlex.split(command) if re.match(r"\w+=", word))
    module, function = assigned[AUTOSCALER_UTILIZATION_SCORER_KEY].rsplit(".", 1)
    assert assigned["PYTHONPATH"] == "~/mdml-tune/cluster/scripts"
    assert assigned["RAY_enable_autoscaler_v2"] == "0"  # the second one asks nobody
    assert function == "score"
    assert (SCRIPTS / f"{module}.py").is_file()


def test_aws_is_closed() -> None:
    config = launcher("gpu")
    assert "security_group" not in config["provider"]  # Ray adds ssh from everywhere to it
    for kind in config["available_node_types"].values():
        node = kind["node_config"]
        assert node["SecurityGroupIds"] == ["CHANGE-ME-SECURITY-GROUP"]
        assert node["MetadataOptions"]["HttpTokens"] == "required"
        assert all(disk["Ebs"]["Encrypted"] for disk in node["BlockDeviceMappings"])
        profile = {"Name": f"{config['cluster_name']}-head"} if kind["max_workers"] == 0 else None
        assert node.get("IamInstanceProfile") == profile
