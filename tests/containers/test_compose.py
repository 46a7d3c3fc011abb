"""docker/compose.yaml as a text: what it demands, what it shuts, what it pins."""

import json
import re
from typing import Any

import pytest
from containers.composed import COMPOSE, ROOT, MissingError, Service, compose, resolved, services

SECRETS = {
    "MDML_POSTGRES_PASSWORD": "one",
    "MDML_MLFLOW_PASSWORD": "two",
    "MDML_MLFLOW_SECRET_KEY": "three",
    "MDML_RAY_TOKEN": "four",
}
EXAMPLE = (ROOT / "docker" / "env.example").read_text()
SERVICES = services(SECRETS)
BY_NAME = pytest.mark.parametrize("service", SERVICES.values(), ids=list(SERVICES))
RAY = pytest.mark.parametrize("name", ["head", "worker", "gpu-worker", "search"])


def test_variables_are_resolved_as_the_specification_says() -> None:
    text = {"a": ["${A}-${B:-two}", "$${A}"], "b": "${A:?is not set}", "c": 3, "d": "${D}"}
    expected = {"a": ["one-two", "${A}"], "b": "one", "c": 3, "d": ""}
    assert resolved(text, {"A": "one"}) == expected
    with pytest.raises(MissingError, match="required variable A is not set"):
        resolved(text, {})


@pytest.mark.parametrize("name", SECRETS)
def test_a_missing_secret_is_refused_with_the_remedy(name: str) -> None:
    given = {other: value for other, value in SECRETS.items() if other != name}
    with pytest.raises(MissingError, match=f"{name} is not set. Run once - sh docker/make_env.sh"):
        compose(given)


def test_env_example_names_every_variable_and_its_default() -> None:
    found = re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE.read_text())
    assert dict(re.findall(r"^#(\w+)=(.*)$", EXAMPLE, re.MULTILINE)) == dict(found)
    for secret in SECRETS:
        assert secret in EXAMPLE
    assert not re.search(r"^[^#\n]", EXAMPLE, re.MULTILINE), "no value of ours, no secret"


@BY_NAME
def test_nothing_listens_beyond_this_hosts_loopback(service: Service) -> None:
    for port in service.said.get("ports", []):
        assert port.startswith("127.0.0.1:")
    assert "network_mode" not in service.said


@BY_NAME
def test_every_service_is_confined(service: Service) -> None:
    said = service.said
    assert said["read_only"] is True
    assert said["cap_drop"] == ["ALL"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "devices", "pid", "ipc"} & said.keys()
    assert said.get("user", "mdml") != "root"


@BY_NAME
def test_a_service_is_waited_for_until_it_is_healthy(service: Service) -> None:
    for name, how in service.said.get("depends_on", {}).items():
        assert how == {"condition": "service_healthy"}
        assert "healthcheck" in SERVICES[name].said
    if service.name != "search":
        assert service.said["restart"] == "unless-stopped"
        assert service.said["healthcheck"]["start_period"]


@BY_NAME
def test_images_are_pinned_and_ours_is_never_pulled(service: Service) -> None:
    image = service.said["image"]
    assert re.fullmatch(r"mdml-tune:\d+\.\d+\.\d+|postgres:\d+\.\d+-bookworm", image)
    if service.ours:
        assert service.said["pull_policy"] == "never"


def test_only_mlflow_sees_the_database() -> None:
    assert compose(SECRETS)["networks"]["database"] == {"internal": True}
    at = {name for name, service in SERVICES.items() if "database" in service.said["networks"]}
    assert at == {"postgres", "mlflow"}
    assert SERVICES["postgres"].said["networks"] == ["database"]


def test_a_trial_is_given_no_password_but_the_token() -> None:
    for name in ("worker", "gpu-worker"):
        assert SERVICES[name].said["environment"] == {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": "four",
        }


@RAY
def test_every_ray_node_asks_for_the_token_and_shares_the_storage(name: str) -> None:
    said = SERVICES[name].said
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "four"}
    assert token.items() <= said["environment"].items()
    assert "shared:/mnt/mdml" in said["volumes"]
    assert said["ulimits"] == {"nofile": 65536}


def test_the_head_runs_no_trial() -> None:
    assert {"--num-cpus=0", "--num-gpus=0"} <= set(SERVICES["head"].command)


def test_the_storage_may_be_a_folder_of_the_host() -> None:
    said = compose({**SECRETS, "MDML_VOLUME": "/srv/mdml"})
    assert "/srv/mdml:/mnt/mdml" in said["services"]["worker"]["volumes"]


def test_every_named_volume_is_declared() -> None:
    named = {source for service in SERVICES.values() for source, _, _ in service.mounts}
    declared = set(compose(SECRETS)["volumes"])
    assert {name for name in named if not name.startswith((".", "/"))} == declared


def test_no_secret_stands_on_a_command_line() -> None:
    marked = services({name: f"canary-{name}" for name in SECRETS})
    for service in marked.values():
        assert "canary" not in json.dumps([service.command, service.check])


def test_mlflow_lets_nobody_in_by_default() -> None:
    command: list[str] = SERVICES["mlflow"].command
    environment: dict[str, Any] = SERVICES["mlflow"].environment
    assert "--app-name=basic-auth" in command
    hosts = next(at for at in command if at.startswith("--allowed-hosts=")).partition("=")[2]
    assert hosts.split(",") == ["mlflow:5000", "localhost:*", "127.0.0.1:*"]
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
