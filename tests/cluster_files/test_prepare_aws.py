"""The AWS account that prepare_aws.py leaves, on a mock of AWS."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError, NoCredentialsError
from cluster_files.shipped import PROJECT
from moto import mock_aws

REGION = "us-west-2"
KNOWN = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"  # to the mock


@pytest.fixture
def prepare(
    script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Runs the script on a copy of gpu.yaml, and gives the copy back as read."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mock")
    module = script("prepare_aws")
    monkeypatch.setattr(module, "IMAGE", KNOWN)
    copy = tmp_path / "gpu.yaml"
    shutil.copy(PROJECT / "cluster" / "gpu.yaml", copy)

    def run(*ssh_from: str) -> dict[str, Any]:
        flags = [word for cidr in ssh_from for word in ("--ssh-from", cidr)]
        monkeypatch.setattr(sys, "argv", ["prepare_aws.py", str(copy), *flags])
        module.main()
        return yaml.safe_load(copy.read_text())

    with mock_aws():
        yield run


def ingress(group: str) -> list[dict[str, Any]]:
    ec2 = boto3.client("ec2", region_name=REGION)
    (described,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return described["IpPermissions"]


def ssh(rules: list[dict[str, Any]]) -> set[str]:
    named = [rule for rule in rules if rule.get("FromPort") == 22]
    four = {r["CidrIp"] for rule in named for r in rule["IpRanges"]}
    return four | {r["CidrIpv6"] for rule in named for r in rule["Ipv6Ranges"]}


def test_the_file_is_filled_in_and_its_comments_stay(
    prepare: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    filled = prepare("203.0.113.7/32")
    text = (tmp_path / "gpu.yaml").read_text()
    left = [line for line in text.splitlines() if "CHANGE-ME" in line and not line.startswith("#")]
    assert left == []
    before = (PROJECT / "cluster" / "gpu.yaml").read_text()
    assert text.count("#") == before.count("#")
    types = filled["available_node_types"]
    assert all(kind["node_config"]["ImageId"].startswith("ami-") for kind in types.values())
    (mount,) = (one for one in filled["initialization_commands"] if "mount_shared" in one)
    assert f".efs.{REGION}.amazonaws.com:/" in mount


def test_ssh_from_the_named_addresses_and_the_group_alone(
    prepare: Callable[..., dict[str, Any]],
) -> None:
    filled = prepare("203.0.113.7/32", "2001:db8::/64")
    (group,) = filled["available_node_types"]["head"]["node_config"]["SecurityGroupIds"]
    rules = ingress(group)
    assert ssh(rules) == {"203.0.113.7/32", "2001:db8::/64"}
    (within,) = (rule for rule in rules if rule["IpProtocol"] == "-1")
    assert [pair["GroupId"] for pair in within["UserIdGroupPairs"]] == [group]
    assert within["IpRanges"] == []
    assert {rule["IpProtocol"] for rule in rules} == {"-1", "tcp"}


def test_a_second_run_moves_ssh_and_makes_nothing_new(
    prepare: Callable[..., dict[str, Any]],
) -> None:
    first = prepare("203.0.113.7/32")
    assert prepare("198.51.100.0/24") == first
    (group,) = first["available_node_types"]["head"]["node_config"]["SecurityGroupIds"]
    assert ssh(ingress(group)) == {"198.51.100.0/24"}
    efs = boto3.client("efs", region_name=REGION)
    (made,) = efs.describe_file_systems()["FileSystems"]
    assert made["Encrypted"]
    targets = efs.describe_mount_targets(FileSystemId=made["FileSystemId"])["MountTargets"]
    zones = first["provider"]["availability_zone"].split(",")
    assert sorted(target["AvailabilityZoneName"] for target in targets) == sorted(zones)
    for target in targets:
        held = efs.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])
        assert held["SecurityGroups"] == [group]


def test_rules_that_others_have_added_are_taken_away(
    prepare: Callable[..., dict[str, Any]],
) -> None:
    filled = prepare("203.0.113.7/32")
    (group,) = filled["available_node_types"]["head"]["node_config"]["SecurityGroupIds"]
    before = ingress(group)
    ec2 = boto3.client("ec2", region_name=REGION)
    world = [{"CidrIp": "0.0.0.0/0", "Description": "for a moment"}]
    for rule in (
        {"IpProtocol": "tcp", "FromPort": 8265, "ToPort": 8265, "IpRanges": world},
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": world},
        {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
        {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": world},
    ):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    prepare("203.0.113.7/32")
    assert ingress(group) == before


def policy_of(filled: dict[str, Any]) -> list[dict[str, Any]]:
    """What the only policy of the head's role allows."""
    iam = boto3.client("iam")
    profile = filled["available_node_types"]["head"]["node_config"]["IamInstanceProfile"]["Name"]
    (role,) = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    name = role["RoleName"]
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    return (document if isinstance(document, dict) else json.loads(document))["Statement"]


def test_the_head_may_end_machines_of_its_cluster_alone(
    prepare: Callable[..., dict[str, Any]],
) -> None:
    filled = prepare("203.0.113.7/32")
    allowed = policy_of(filled)
    ending = [one for one in allowed if "ec2:TerminateInstances" in one["Action"]]
    (where,) = (one["Condition"]["StringEquals"] for one in ending)
    assert where == {"aws:ResourceTag/ray-cluster-name": filled["cluster_name"]}
    actions = {action for one in allowed for action in as_list(one["Action"])}
    assert not any(action == "*" or action.startswith(("iam:", "s3:")) for action in actions)


def test_the_head_may_start_machines_of_its_file_alone(
    prepare: Callable[..., dict[str, Any]],
) -> None:
    filled = prepare("203.0.113.7/32")
    starting = [one for one in policy_of(filled) if one["Action"] == "ec2:RunInstances"]
    machines, rest = starting
    assert machines["Resource"] == rest["NotResource"] == f"arn:aws:ec2:{REGION}:*:instance/*"
    types = filled["available_node_types"].values()
    assert machines["Condition"]["StringEquals"] == {
        "ec2:InstanceType": sorted({kind["node_config"]["InstanceType"] for kind in types}),
        "aws:RequestTag/ray-cluster-name": filled["cluster_name"],  # Ray's: it can be ended again
    }
    assert rest["Condition"]["StringEquals"] == {"aws:RequestedRegion": REGION}


def test_each_cluster_has_a_role_of_its_own(
    prepare: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    first = prepare("203.0.113.7/32")
    copy = tmp_path / "gpu.yaml"
    copy.write_text(copy.read_text().replace("cluster_name: mdml-aws", "cluster_name: another"))
    with pytest.raises(SystemExit, match=r"write IamInstanceProfile: .*another-head"):
        prepare("203.0.113.7/32")
    copy.write_text(copy.read_text().replace("mdml-aws-head", "another-head"))
    ended = {
        one["Condition"]["StringEquals"]["aws:ResourceTag/ray-cluster-name"]
        for filled in (first, prepare("203.0.113.7/32"))
        for one in policy_of(filled)
        if "ec2:TerminateInstances" in one["Action"]
    }
    assert ended == {"mdml-aws", "another"}


@pytest.mark.parametrize("refusal", ["refused", "nobody"])
def test_what_aws_refuses_is_said_in_a_line(
    prepare: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    refusal: str,
) -> None:
    said = {
        "refused": ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DescribeVpcs"),
        "nobody": NoCredentialsError(),
    }[refusal]

    def refuse(*_: object) -> None:
        raise said

    monkeypatch.setattr(sys.modules["prepare_aws"], "default_vpc", refuse)
    with pytest.raises(SystemExit) as ended:
        prepare("203.0.113.7/32")
    assert ended.value.code == f"error: {said}"


def as_list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize(
    "cidr",
    ["0.0.0.0/0", "::/0", "0.0.0.0/1", "10.0.0.0/7", "2000::/18", "203.0.113.7/8", "everybody"],
)
def test_ranges_that_are_too_wide_or_no_range_are_refused(
    prepare: Callable[..., dict[str, Any]], capsys: pytest.CaptureFixture[str], cidr: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        prepare(cidr)
    assert ended.value.code == 2
    assert "--ssh-from" in capsys.readouterr().err
    assert boto3.client("efs", region_name=REGION).describe_file_systems()["FileSystems"] == []
