"""One thing wrong with a good launcher file is found, under its path; the good ones are clean."""

import re
from pathlib import Path

import pytest
import ray.autoscaler._private as autoscaler
from cluster_edits import GONE, edited, found_in, good, make_sources

from mdml_tune.cli.checking.checks import State
from mdml_tune.cli.checking.cluster_file import provider

P, W = State.PROBLEM, State.WARNING
START = "ulimit -n 65536; ray start --head --autoscaling-config=~/ray_bootstrap_config.yaml"
JOIN = "ulimit -n 65536; ray start --address=$RAY_HEAD_IP:6379"
HEAD = "available_node_types>head>node_config"
SPOT = "available_node_types>spot>node_config"
WORLD = [{"CidrIp": "0.0.0.0/0"}]
ANY_PORT = {"IpProtocol": "-1", "IpRanges": WORLD}
SSH = {"FromPort": 22, "ToPort": 22, "IpProtocol": "tcp", "IpRanges": WORLD}
MINE = {"FromPort": 8265, "ToPort": 8265, "IpRanges": [{"CidrIp": "203.0.113.7/32"}]}
RULES = "provider>security_group>IpPermissions"


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_sources(tmp_path)
    (tmp_path / "with_venv/.venv").mkdir(parents=True)
    (tmp_path / "big").mkdir()
    with (tmp_path / "big/set.npy").open("wb") as hollow:
        hollow.truncate(100_000_001)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("name", ["aws", "gcp", "local"])
def test_a_good_file_is_clean(name: str) -> None:
    assert found_in(good(name)) == []


AWS = [
    # provider
    ("provider>regoin", "x", "provider.regoin", P, "did you mean region?"),
    ("provider>banana", "x", "provider.banana", P, "ignores it"),
    ("provider>region", GONE, "provider.region", P, "not given"),
    ("provider>availability_zone", "us-east-1a", "provider.availability_zone", P, "another region"),
    ("worker_nodes", {}, "worker_nodes", W, "no longer reads"),
    # what Ray's schema says
    ("max_worker", 3, "Ray", P, "max_worker"),
    ("max_workers", "six", "max_workers", P, "not of type"),
    ("setup_commands", "ls", "setup_commands", P, "not of type"),
    ("head_node_type", "boss", "Ray", P, "head_node_type"),
    ("available_node_types>spot>node_config", GONE, "available_node_types.spot", P, "node_config"),
    # placeholders and secrets
    (f"{HEAD}>ImageId", "CHANGE-ME-AMI", "available_node_types.head.node_config.ImageId", P, "CHANGE-ME-AMI"),
    (f"{HEAD}>Tags", {"CHANGE-ME": "x"}, "available_node_types.head.node_config.Tags.CHANGE-ME", P, "named"),
    ("provider>aws_credentials", {"aws_access_key_id": "AKIAABCDEFGHIJKLMNOP"}, "provider.aws_credentials.aws_access_key_id", P, "key of AWS"),
    ("provider>aws_credentials", {"aws_secret_access_key": "abc"}, "provider.aws_credentials.aws_secret_access_key", P, "a secret"),
    ("setup_commands>0", "install.sh; export WANDB_API_KEY=abc123 # cluster/scripts/install.sh", "setup_commands.0", P, "a secret"),
    ("setup_commands>1", "mlflow gc --uri http://me:hunter2@host", "setup_commands.1", P, "password in an address"),
    ("setup_commands>1", "docker login -u me -p hunter2 registry.example", "setup_commands.1", P, "a secret"),
    ("setup_commands>1", "docker login -u me -p $(echo dckr_pat_aBcDeFgHiJkLmNoPqRsTuVwXyZ)", "setup_commands.1", P, "a token of Docker"),
    ("setup_commands>1", "huggingface-cli login --token hunter2", "setup_commands.1", P, "a secret"),
    ("setup_commands>1", "echo hf_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH > t", "setup_commands.1", P, "a token of Hugging Face"),
    ("setup_commands>1", "echo 'aws_secret_access_key = hunter2' >> c", "setup_commands.1", P, "a secret"),
    ("setup_commands>1", "RESTIC_PASSPHRASE=hunter2 restic init", "setup_commands.1", P, "a secret"),
    ("setup_commands>1", "echo '-----BEGIN RSA PRIVATE KEY-----' > k", "setup_commands.1", P, "a private key"),
    # mounts
    ("file_mounts>~/data", "no/such/folder", "file_mounts.~/data", P, "is not there"),
    ("file_mounts>~/clone", "with_venv", "file_mounts.~/clone", W, ".venv"),
    ("file_mounts>~/big", "big", "file_mounts.~/big", W, "holds more than"),
    ("file_mounts>~/mdml-tune/mdml_tune", GONE, "file_mounts", P, "mdml_tune is not brought"),
    ("file_mounts>~/mdml-tune/requirements.lock", GONE, "file_mounts", P, "requirements.lock"),
    ("file_mounts>~/.ray/auth_token", GONE, "file_mounts", P, "none is brought"),
    ("setup_commands", [], "setup_commands", P, "nothing installs"),
    ("setup_commands>0", "uv pip sync requirements.lock", "setup_commands", W, "not seen to be installed"),
    # versions
    ("setup_commands>1", "pip install 'ray[default]==2.40.0'", "setup_commands.1", P, "mdml-tune needs"),
    ("setup_commands>1", "pip install -U ray[default]", "setup_commands.1", W, "newest on that day"),
    ("setup_commands>1", "pip install https://s3.aws/ray-wheels/latest/ray-3.0.0.dev0.whl", "setup_commands.1", P, "nightly"),
    # how Ray starts
    ("setup_commands", GONE, "setup_commands", P, "nightly"),
    ("head_setup_commands", GONE, "head_setup_commands", W, "old client"),
    ("head_start_ray_commands", GONE, "head_start_ray_commands", P, "every address"),
    ("worker_start_ray_commands", GONE, "worker_start_ray_commands", P, "without a token"),
    ("head_start_ray_commands>0", f"{START} --dashboard-host=0.0.0.0", "head_start_ray_commands.0", P, "listens on 0.0.0.0"),
    ("head_start_ray_commands>0", START.replace("ulimit -n 65536; ", ""), "head_start_ray_commands.0", W, "open files"),
    ("head_start_ray_commands>0", "ulimit -n 65536; ray start --head", "head_start_ray_commands", P, "no worker is ever started"),
    ("head_start_ray_commands>0", START.replace("--head ", ""), "head_start_ray_commands", P, "no cluster"),
    ("worker_start_ray_commands>0", "ulimit -n 65536; ray start", "worker_start_ray_commands", P, "do not join"),
    ("head_start_ray_commands>0", f"{START} --port=6380", "worker_start_ray_commands.0", P, "port 6379"),
    ("worker_start_ray_commands>0", f"{JOIN} --block", "worker_start_ray_commands.0", P, "never returns"),
    ("head_start_ray_commands>0", f"export RAY_AUTH_MODE=disabled; {START}", "head_start_ray_commands.0", P, "RAY_AUTH_MODE=disabled"),
    ("worker_start_ray_commands>0", f"RAY_AUTH_MODE='Disabled'; {JOIN}", "worker_start_ray_commands.0", P, "RAY_AUTH_MODE=disabled"),
    # storage and tracking
    ("initialization_commands", [], "storage", P, "no command mounts"),
    ("initialization_commands", ["test -w /mnt/mdml"], "storage", P, "no command mounts"),
    ("head_start_ray_commands>1", "export MDML_STORAGE=/home/ubuntu/runs # cluster/scripts/serve_mlflow.sh", "MDML_STORAGE", P, "not below a shared folder"),
    ("head_start_ray_commands>1", "export MLFLOW_TRACKING_URI=http://192.0.2.1:5000", "MDML_STORAGE", W, "default is a folder of the head"),
    ("head_start_ray_commands>1", "export MDML_STORAGE=/mnt/mdml/runs", "MLFLOW_TRACKING_URI", W, "no tracking server"),
    ("setup_commands>1", "echo MLFLOW_TRACKING_URI=sqlite:///mlflow.db", "MLFLOW_TRACKING_URI", P, "file of one node"),
    ("head_start_ray_commands>2", "mlflow server --host 0.0.0.0 --port 5000 &", "head_start_ray_commands.2", P, "listens on 0.0.0.0"),
    ("head_start_ray_commands>2", "mlflow server -h 0.0.0.0 --port 5000 &", "head_start_ray_commands.2", P, "listens on 0.0.0.0"),
    ("head_start_ray_commands>2", "export MLFLOW_HOST='0.0.0.0'; mlflow server &", "head_start_ray_commands.2", P, "listens on 0.0.0.0"),
    # doors
    (RULES, [ANY_PORT], f"{RULES.replace('>', '.')}.0", P, "opens all ports to 0.0.0.0/0"),
    (RULES, [MINE], f"{RULES.replace('>', '.')}.0", W, "opens port 8265 to 203.0.113.7/32"),
    (RULES, [SSH], f"{RULES.replace('>', '.')}.0", W, "open to the world"),
    (f"{HEAD}>SecurityGroupIds", GONE, "provider.security_group", W, "Ray makes a group with ssh open to the world (types head)"),
    (f"{SPOT}>MetadataOptions", GONE, "available_node_types.spot.node_config.MetadataOptions", W, "IMDSv1"),
    # costs
    (f"{HEAD}>InstanceMarketOptions", {"MarketType": "spot"}, "available_node_types.head.node_config", W, "head is a spot machine"),
    ("available_node_types>lasting", GONE, "available_node_types.spot.node_config", W, "spot machines alone"),
    ("available_node_types>lasting>resources>GPU", 1, "available_node_types.spot.node_config", W, "spot machines alone"),
    ("available_node_types>lasting>max_workers", 0, "available_node_types.spot.node_config", W, "spot machines alone"),
    ("provider>cache_stopped_nodes", True, "provider.cache_stopped_nodes", W, "disks go on costing"),
    ("provider>cache_stopped_nodes", GONE, "provider.cache_stopped_nodes", W, "disks go on costing"),
    ("idle_timeout_minutes", 5, "idle_timeout_minutes", W, "still starts"),
    ("idle_timeout_minutes", GONE, "idle_timeout_minutes", W, "5 by default"),
    ("max_workers", 3, "max_workers", W, "one type alone allows 4"),
    ("max_workers", GONE, "max_workers", W, "two by default"),
    ("available_node_types>spot>min_workers", 1, "available_node_types.spot.min_workers", W, "cost money"),
    ("available_node_types>head>resources", {"CPU": 4}, "available_node_types.head.resources", W, "offers CPUs"),
    ("available_node_types>head>resources", {}, "available_node_types.head.resources", W, "offers CPUs"),
    ("available_node_types>lasting>resources", {"GPU": 2}, "available_node_types.lasting.resources", W, "how many CPUs"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "state", "said"), AWS)
def test_one_fault_of_a_file_for_aws_is_found(
    path: str, value: object, where: str, state: State, said: str
) -> None:
    found = found_in(edited(good("aws"), f"0>{path}", value))
    matching = [one for one in found if one.what == where and said in f"{one.said} {one.remedy}"]
    assert [one.state for one in matching] == [state], found
    assert matching[0].remedy


GCP = [
    ("provider>project", "x", "provider.project", P, "project_id"),
    ("provider>project_id", None, "provider.project_id", P, "not given"),
    (f"{SPOT}>networkInterfaces", GONE, "available_node_types.spot.node_config.networkInterfaces", W, "ssh in from everywhere"),
    ("available_node_types>lasting>node_config>scheduling", [{"preemptible": True}], "available_node_types.lasting.node_config", W, "spot machines alone"),
    ("available_node_types>spot>resources", GONE, "available_node_types.spot", P, "'resources' is a required"),
    ("docker>container_name", GONE, "Ray", P, "container"),
    ("docker>run_options", [], "docker.run_options", P, "not given to its container"),
    ("docker>run_options>1", "-p 8265:8265", "docker.run_options", P, "open on every address"),
    ("docker>run_options", ["-v", "/mnt/mdml:/mnt/mdml", "-p", "8265:8265"], "docker.run_options", P, "-p 8265:8265: the port"),
    ("docker>image", "rayproject/ray:2.60.0-py312-gpu", "docker.image", W, "Python 3.12"),
    ("docker>image", "rayproject/ray:2.60.0-py310", "docker.image", P, "mdml-tune needs"),
    ("docker>image", "rayproject/ray:2.60.0-gpu", "docker.image", W, "does not say which Python"),
    ("docker>image", "rayproject/ray:2.50.0-py311", "docker.image", P, "mdml-tune needs"),
    ("docker>image", "rayproject/ray:nightly-py311-gpu", "docker.image", P, "nightly"),
    ("docker>image", "docker.io/rayproject/ray:2.9.0-py311", "docker.image", P, "Ray 2.9.0; mdml-tune needs"),
    ("docker>image", "docker.io/rayproject/ray:2.60.0-py311", "setup_commands", P, "nothing installs"),
    ("docker>image", "registry.example:5000/mdml-tune", "docker.image", W, "names no version"),
    ("docker>image", "registry.example/mdml-tune:latest", "docker.image", W, "names no version"),
    ("docker>image", "rayproject/ray:2.60.0-py311-gpu", "setup_commands", P, "nothing installs"),
    ("docker>worker_image", "rayproject/ray:2.60.0-py311", "setup_commands", P, "nothing installs"),
    ("file_mounts>~/a.py", "mdml_tune/search.py", "file_mounts.~/a.py", W, "a single file"),
    ("initialization_commands>1", "cat ~/.ray/auth_token", "initialization_commands.1", P, "ray_tmp_mount/good/~/.ray/auth_token"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "state", "said"), GCP)
def test_one_fault_of_a_file_for_google_is_found(
    path: str, value: object, where: str, state: State, said: str
) -> None:
    found = found_in(edited(good("gcp"), f"0>{path}", value))
    matching = [one for one in found if one.what == where and said in f"{one.said} {one.remedy}"]
    assert [one.state for one in matching] == [state], found


def test_what_is_mounted_is_found_where_ray_puts_it() -> None:
    host = "cat '/tmp/ray_tmp_mount/good/~/.ray/auth_token'"
    assert found_in(edited(good("gcp"), "0>initialization_commands>1", host)) == []
    mounted = "cat ~/.ray/auth_token"  # no container here
    assert found_in(edited(good("aws"), "0>initialization_commands>1", mounted)) == []


LOCAL = [
    ("provider>head", "192.0.2.1", "provider.head", P, "did you mean head_ip?"),
    ("provider>worker_ips", GONE, "Ray", P, "worker_ips"),
    ("provider>worker_ips>2", "192.0.2.2", "provider.worker_ips.2", P, "listed twice"),
    ("provider>worker_ips>2", "192.0.2.1", "provider.worker_ips.2", P, "listed twice"),
    ("head_start_ray_commands>0", START, "head_start_ray_commands.0", P, "RAY_enable_autoscaler_v2=0"),
    ("head_start_ray_commands", GONE, "head_start_ray_commands", P, "without a token"),
    ("initialization_commands", [], "storage", W, "no command mounts"),
    ("available_node_types", {"a": {"resources": {}, "node_config": {}}}, "Ray", P, "not supported for on-premise"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "where", "state", "said"), LOCAL)
def test_one_fault_of_a_file_for_own_machines_is_found(
    path: str, value: object, where: str, state: State, said: str
) -> None:
    found = found_in(edited(good("local"), f"0>{path}", value))
    matching = [one for one in found if one.what == where and said in f"{one.said} {one.remedy}"]
    assert [one.state for one in matching] == [state], found


def test_no_token_at_all_is_a_problem_and_one_by_ray_s_default_a_warning() -> None:
    (values,) = good("gcp")
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        values[key] = [one.replace("RAY_AUTH_MODE=token", "") for one in values[key]]
        assert [(one.what, one.state) for one in found_in([values])] == [("RAY_AUTH_MODE", W)]
    assert [(one.what, one.state) for one in found_in([values])] == [("RAY_AUTH_MODE", W)]
    values["file_mounts"] = {}
    (found,) = found_in([values])
    assert (found.what, found.state) == ("RAY_AUTH_MODE", P)
    assert "runs code on all nodes" in found.said


@pytest.mark.parametrize("said", ['"token"', "'token'", "Token"])
def test_the_token_may_be_asked_for_in_any_way_that_ray_understands(said: str) -> None:
    (values,) = good("gcp")
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        values[key] = [one.replace("MODE=token", f"MODE={said}") for one in values[key]]
    assert found_in([values]) == []


def test_the_installer_asks_for_the_token_and_so_may_a_container() -> None:
    joins = "0>worker_start_ray_commands>0"
    assert found_in(edited(good("aws"), joins, JOIN)) == []
    given = [*good("gcp")[0]["docker"]["run_options"], "-e RAY_AUTH_MODE=token"]
    documents = edited(good("gcp"), "0>docker>run_options", given)
    assert found_in(edited(documents, joins, JOIN)) == []


def test_the_token_may_come_with_its_folder(tmp_path: Path) -> None:
    documents = edited(good("gcp"), "0>file_mounts", {"~/.ray": "~/.ray"})
    assert found_in(documents) == []
    (tmp_path / ".ray/auth_token").unlink()
    (found,) = found_in(documents)
    assert "none is brought" in found.said


def test_ray_s_own_files_are_full_of_faults() -> None:
    """The least that `ray up` takes: everything else is a default of Ray's."""
    minimal = {"cluster_name": "least", "provider": {"type": "aws", "region": "us-west-2"}}
    problems = {one.what for one in found_in([minimal]) if one.state is P}
    assert {"head_start_ray_commands", "setup_commands", "RAY_AUTH_MODE", "storage"} <= problems


@pytest.mark.parametrize(
    "command",
    [
        "export RAY_AUTH_MODE=token",
        "export MLFLOW_TRACKING_PASSWORD=$(cat ~/.secret)",
        'export WANDB_API_KEY="$WANDB_API_KEY"',
        "RAY_AUTH_TOKEN_PATH=~/.ray/auth_token ray status",
        "chmod 600 ~/.ray/auth_token",
        "export MAX_TOKENS=2048 N_TOKEN=16",
        "serve --tokenizer=bert --max-token=16",
        "docker login -u me --password-stdin registry.example < ~/.secret",
        'huggingface-cli login --token "$HF_TOKEN"',
        "echo 'secretKey: mlflow' > names",
        "[ $HF_TOKEN = none ] || exit 1",
        "openssl rand -hex 32 > ~/.mdml-tune/password",
        "psql postgresql://mdml:${PGPASSWORD}@localhost/mlflow",
    ],
)
def test_what_only_speaks_of_secrets_is_none(command: str) -> None:
    assert found_in(edited(good("aws"), "0>setup_commands>1", command)) == []


def test_a_secret_is_never_repeated() -> None:
    found = found_in(edited(good("aws"), "0>setup_commands>1", "export A_TOKEN=hunter2"))
    assert len(found) == 1
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("name", ["aws", "gcp", "local"])
def test_the_keys_we_know_are_those_that_the_providers_read(name: str) -> None:
    folder = Path(autoscaler.__file__).parent
    everything = "\n".join(p.read_text() for p in folder.parent.rglob("*.py"))
    own = "\n".join(p.read_text() for p in (folder / name).rglob("*.py"))
    reads = r"provider(?:_config)?\"?\]?(?:\.get\(\s*|\[)\"([a-z]\w+)\""
    read = {key for key in re.findall(reads, own) if not key.startswith("_")}
    assert len(read) > 2
    assert read <= provider.KEYS[name]
    assert all(f'"{key}"' in everything for key in provider.KEYS[name])


@pytest.mark.parametrize("path", ["provider", "available_node_types", "available_node_types>spot",
                                  "available_node_types>spot>node_config", "file_mounts", "docker",
                                  "setup_commands", "max_workers", "head_node_type", "cluster_name",
                                  "available_node_types>spot>resources", RULES, "auth"])  # fmt: skip
@pytest.mark.parametrize("value", [None, "text", {"a": 1}, [[{}]]])
def test_values_of_any_shape_are_told_not_stumbled_over(path: str, value: object) -> None:
    for one in found_in(edited(good("aws"), f"0>{path}", value)):
        assert one.said
        assert "\n" not in one.said
