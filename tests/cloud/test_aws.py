"""What AWS is asked for by `ray up cluster/gpu.yaml`: Ray's own code against a mock of AWS."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws
from ray.autoscaler._private.aws import config as aws_config
from ray.autoscaler._private.aws import utils as aws_utils
from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
from ray.autoscaler._private.commands import _bootstrap_config
from ray.autoscaler._private.util import prepare_config
from ray.autoscaler.tags import (
    NODE_KIND_HEAD,
    NODE_KIND_WORKER,
    TAG_RAY_CLUSTER_NAME,
    TAG_RAY_LAUNCH_CONFIG,
    TAG_RAY_NODE_KIND,
    TAG_RAY_NODE_NAME,
    TAG_RAY_USER_NODE_TYPE,
)

FILE = Path(__file__).parents[2] / "cluster" / "gpu.yaml"
OURS = "203.0.113.7/32"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Cluster:
    config: dict[str, Any]
    """The shipped file, filled in, as `ray up` completes it from the account."""
    asked: dict[str, dict[str, Any]]
    """What AWS was asked to start, by node type."""


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """A mock of AWS; what it is asked to start, in order."""
    found: list[dict[str, Any]] = []
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "mock")
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # for the key pair Ray makes
        _forget()
        boto3.setup_default_session()
        boto3.DEFAULT_SESSION.events.register(
            "provide-client-params.ec2.RunInstances",
            lambda params, **_: found.append(copy.deepcopy(params)),
        )
        yield found
        _forget()


@pytest.fixture(scope="module")
def cluster(requests: list[dict[str, Any]]) -> Cluster:
    """One machine of each type, started."""
    config = _bootstrap_config(filled(**account()), no_config_cache=True)
    start_one_of_each(config)
    return Cluster(config, by_type(requests))


def _forget() -> None:
    """Ray keeps its connections for as long as the process lives."""
    for cache in (aws_utils.resource_cache, aws_utils.client_cache, aws_config._get_subnets_or_die):
        cache.cache_clear()
    boto3.DEFAULT_SESSION = None


def written() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())


def region() -> str:
    return written()["provider"]["region"]


def account() -> dict[str, str]:
    """What a user makes before: a role, a group that lets in ssh alone, an image."""
    iam, ec2 = boto3.client("iam"), boto3.client("ec2", region_name=region())
    iam.create_instance_profile(InstanceProfileName="mdml-aws-head")
    iam.create_role(RoleName="mdml-aws-head", AssumeRolePolicyDocument="{}")
    iam.add_role_to_instance_profile(InstanceProfileName="mdml-aws-head", RoleName="mdml-aws-head")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="ours", Description="ours", VpcId=vpc)["GroupId"]
    rules = [
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": OURS}]},
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    return {"group": group, "image": ec2.describe_images()["Images"][0]["ImageId"]}


def filled(group: str | None, image: str) -> dict[str, Any]:
    """The shipped file with what the user fills in; without a group of theirs where there is none."""
    values = written()
    for one in values["available_node_types"].values():
        one["node_config"] |= {"ImageId": image, "SecurityGroupIds": [group]}
        if group is None:
            del one["node_config"]["SecurityGroupIds"]
    return values


def start_one_of_each(config: dict[str, Any]) -> None:
    provider = AWSNodeProvider(config["provider"], config["cluster_name"])
    for name, one in config["available_node_types"].items():
        is_head = name == config["head_node_type"]
        # As Ray does: what it finds out for the head, unless the file says it.
        asked = copy.deepcopy((config["head_node"] if is_head else {}) | one["node_config"])
        tags = {
            TAG_RAY_NODE_NAME: name,
            TAG_RAY_NODE_KIND: NODE_KIND_HEAD if is_head else NODE_KIND_WORKER,
            TAG_RAY_LAUNCH_CONFIG: "hash",
            TAG_RAY_USER_NODE_TYPE: name,
        }
        provider.create_node(asked, tags, 1)


def by_type(requests: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    def name(request: dict[str, Any]) -> str:
        tags = {one["Key"]: one["Value"] for one in request["TagSpecifications"][0]["Tags"]}
        assert tags[TAG_RAY_CLUSTER_NAME] == written()["cluster_name"]
        return tags[TAG_RAY_USER_NODE_TYPE]

    return {name(request): request for request in requests}


def of_account(service: str = "ec2") -> Any:
    return boto3.client(service, region_name=region())


def test_spot_machines_and_the_same_on_demand(cluster: Cluster) -> None:
    assert set(cluster.asked) == {"head", "gpu_spot", "gpu_ondemand"}
    market = {name: one.get("InstanceMarketOptions") for name, one in cluster.asked.items()}
    assert market == {"head": None, "gpu_spot": {"MarketType": "spot"}, "gpu_ondemand": None}
    types = {name: one["InstanceType"] for name, one in cluster.asked.items()}
    assert types["gpu_spot"] == types["gpu_ondemand"] != types["head"]


def test_disks_are_encrypted_and_go_with_the_machine(cluster: Cluster) -> None:
    for one in cluster.asked.values():
        disks = [disk["Ebs"] for disk in one["BlockDeviceMappings"]]
        assert disks
        assert all(disk["Encrypted"] and disk["DeleteOnTermination"] for disk in disks)
        assert all(disk["VolumeSize"] >= 100 for disk in disks)


def test_credentials_are_not_to_be_had_without_a_token(cluster: Cluster) -> None:
    assert {one["MetadataOptions"]["HttpTokens"] for one in cluster.asked.values()} == {"required"}


def test_only_the_head_may_start_machines(cluster: Cluster) -> None:
    profiles = {name: one.get("IamInstanceProfile") for name, one in cluster.asked.items()}
    own = {"Name": "mdml-aws-head"}
    assert profiles == {"head": own, "gpu_spot": None, "gpu_ondemand": None}
    roles = of_account("iam").list_roles()["Roles"]
    assert [role["RoleName"] for role in roles] == ["mdml-aws-head"]  # Ray makes none of its own


def test_the_group_lets_in_ssh_alone_and_stays_as_it_is(cluster: Cluster) -> None:
    groups = of_account().describe_security_groups()["SecurityGroups"]
    (ours,) = [one for one in groups if one["GroupName"] == "ours"]
    assert all(one["SecurityGroupIds"] == [ours["GroupId"]] for one in cluster.asked.values())
    (ssh,) = [rule for rule in ours["IpPermissions"] if rule["IpRanges"] or rule["Ipv6Ranges"]]
    assert (ssh["FromPort"], ssh["ToPort"]) == (22, 22)
    assert [one["CidrIp"] for one in ssh["IpRanges"]] == [OURS]
    assert len(ours["IpPermissions"]) == 2  # the other: among its members


def test_machines_go_to_the_zones_of_the_file_in_their_order(cluster: Cluster) -> None:
    zones = [zone.strip() for zone in cluster.config["provider"]["availability_zone"].split(",")]
    for name, one in cluster.config["available_node_types"].items():
        subnets = of_account().describe_subnets(SubnetIds=one["node_config"]["SubnetIds"])
        assert sorted(s["AvailabilityZone"] for s in subnets["Subnets"]) == sorted(zones)
        assert all(subnet["MapPublicIpOnLaunch"] for subnet in subnets["Subnets"])
        used = cluster.asked[name]["SubnetId"]
        (first,) = of_account().describe_subnets(SubnetIds=[used])["Subnets"]
        assert first["AvailabilityZone"] == zones[0]


def test_machines_are_ended_not_stopped(cluster: Cluster) -> None:
    config = copy.deepcopy(cluster.config)
    config["cluster_name"] = "another"
    start_one_of_each(config)
    provider = AWSNodeProvider(config["provider"], config["cluster_name"])
    nodes = provider.non_terminated_nodes({})
    assert len(nodes) == 3
    provider.terminate_nodes(nodes)
    found = of_account().describe_instances(InstanceIds=nodes)["Reservations"]
    states = [one["State"]["Name"] for reservation in found for one in reservation["Instances"]]
    assert states == ["terminated"] * 3


@pytest.mark.usefixtures("cluster")
def test_ray_s_own_group_is_open_to_the_world_whatever_rules_are_named() -> None:
    """Why the doctor wants SecurityGroupIds: rules in the file come on top of Ray's."""
    narrow = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": OURS}]}
    values = filled(None, "ami-1") | {"cluster_name": "third"}
    values["provider"]["security_group"] = {"IpPermissions": [narrow]}
    config = aws_config.bootstrap_aws(prepare_config(values))
    used = {name for one in config["available_node_types"].values()
            for name in one["node_config"]["SecurityGroupIds"]}  # fmt: skip
    (made,) = of_account().describe_security_groups(GroupIds=list(used))["SecurityGroups"]
    cidrs = {r["CidrIp"] for rule in made["IpPermissions"] for r in rule["IpRanges"]}
    assert cidrs == {"0.0.0.0/0", OURS}
