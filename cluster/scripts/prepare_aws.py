"""Make, once per AWS account and region, what cluster/gpu.yaml needs, and fill it in.

    python cluster/scripts/prepare_aws.py cluster/gpu.yaml --ssh-from 203.0.113.7/32

A security group (ssh from your addresses, anything between its members), an encrypted EFS file system
in the zones of the file, a role with which the head may start and end the file's machines, and the
newest image with NVIDIA's driver. What is there is kept, but for rules of the group that are none of
these: run it again when your address has changed. Credentials are those of boto3 (`aws configure`,
AWS_PROFILE).
"""

import argparse
import ipaddress
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

NAME = "mdml-tune"
IMAGE = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
THERE = {"EntityAlreadyExists", "LimitExceeded", "InvalidInput"}
PEERS = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}
"""Whom a rule of a security group admits: under which key they are listed, and what names each."""

NARROW = {4: 8, 6: 19}
"""Bits that an address range has in common at least: no registry gives out larger ones at once."""

TAGS = [{"Key": "Name", "Value": NAME}]


def network(text: str) -> str:
    """An address range that is not half the world, in its canonical form."""
    given = ipaddress.ip_network(text)
    if given.prefixlen < (least := NARROW[given.version]):
        raise argparse.ArgumentTypeError(
            f"{text} is too much of the world (at most /{least}); name your own addresses"
        )
    return str(given)


def default_vpc(ec2: BaseClient) -> str:
    found = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not found:
        sys.exit("error: no default VPC in this region. Make one: aws ec2 create-default-vpc")
    return found[0]["VpcId"]


def security_group(ec2: BaseClient, vpc: str, ssh_from: set[str]) -> str:
    """The group, which admits ssh from these ranges, its own members, and nothing else."""
    named = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [NAME]}]
    found = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    group = found[0]["GroupId"] if found else new_security_group(ec2, vpc)
    there = [rule for one in found for wide in one["IpPermissions"] for rule in single(wide)]
    within = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    wanted = [within, *(ssh_rule(cidr) for cidr in sorted(ssh_from))]
    for rule in wanted:  # first, so that a running cluster is at no time cut off
        if rule not in there:
            ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    for rule in there:
        if rule not in wanted:
            ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group


def single(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rule, once for each of those whom it admits, and without descriptions."""
    which = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    for listed, name in PEERS.items():
        for peer in rule.get(listed, ()):
            yield {**which, listed: [{name: peer[name]}]}


def new_security_group(ec2: BaseClient, vpc: str) -> str:
    return ec2.create_security_group(
        GroupName=NAME,
        Description="ssh from named addresses, anything between the nodes of mdml_tune",
        VpcId=vpc,
        TagSpecifications=[{"ResourceType": "security-group", "Tags": TAGS}],
    )["GroupId"]


def ssh_rule(cidr: str) -> dict[str, Any]:
    key = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **key}


def file_system(efs: BaseClient, subnets: list[str], group: str) -> str:
    """The EFS file system, reachable from each of the subnets by members of the group."""
    found = efs.describe_file_systems(CreationToken=NAME)["FileSystems"]
    made = found[0] if found else new_file_system(efs)
    name = made["FileSystemId"]
    while made["LifeCycleState"] != "available":
        time.sleep(5)
        made = efs.describe_file_systems(FileSystemId=name)["FileSystems"][0]
    targets = efs.describe_mount_targets(FileSystemId=name)["MountTargets"]
    for subnet in set(subnets) - {target["SubnetId"] for target in targets}:
        efs.create_mount_target(FileSystemId=name, SubnetId=subnet, SecurityGroups=[group])
    return name


def new_file_system(efs: BaseClient) -> dict[str, Any]:
    return efs.create_file_system(
        CreationToken=NAME, Encrypted=True, ThroughputMode="elastic", Tags=TAGS
    )


def subnets_of(ec2: BaseClient, vpc: str, zones: list[str]) -> list[str]:
    """The default subnet of each zone."""
    wanted = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "availability-zone", "Values": zones},
        {"Name": "default-for-az", "Values": ["true"]},
    ]
    found = {
        s["AvailabilityZone"]: s["SubnetId"]
        for s in ec2.describe_subnets(Filters=wanted)["Subnets"]
    }
    if missing := [zone for zone in zones if zone not in found]:
        sys.exit(
            f"error: no default subnet in {', '.join(missing)}. Change provider.availability_zone."
        )
    return list(found.values())


def head_policy(described: dict[str, Any]) -> dict[str, Any]:
    """What the head may do: start the machines of the file, and tag and end those of its cluster."""
    region, cluster = described["provider"]["region"], described["cluster_name"]
    partition = boto3.Session().get_partition_for_region(region)
    machines = f"arn:{partition}:ec2:{region}:*:instance/*"
    kinds = {
        one["node_config"]["InstanceType"] for one in described["available_node_types"].values()
    }
    asked = {"ec2:InstanceType": sorted(kinds), "aws:RequestTag/ray-cluster-name": cluster}
    here = {"aws:RequestedRegion": region}
    own = {"aws:ResourceTag/ray-cluster-name": cluster}
    statements = [
        ("ec2:Describe*", {"Resource": "*"}, {}),
        ("ec2:RunInstances", {"Resource": machines}, only(asked)),
        # Disks, network cards, the image, ...: none of them has a type.
        ("ec2:RunInstances", {"NotResource": machines}, only(here)),
        ("ec2:CreateTags", {"Resource": "*"}, only({"ec2:CreateAction": "RunInstances"})),
        (["ec2:CreateTags", "ec2:TerminateInstances"], {"Resource": machines}, only(own)),
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": action, **where} | condition
            for action, where, condition in statements
        ],
    }


def only(equal: dict[str, Any]) -> dict[str, Any]:
    return {"Condition": {"StringEquals": equal}}


def head_role(iam: BaseClient, role: str, policy: dict[str, Any]) -> None:
    """The role of the head, and the account's own role for spot machines."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    unless_there(iam.create_role, RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=role, PolicyName=NAME, PolicyDocument=json.dumps(policy))
    unless_there(iam.create_instance_profile, InstanceProfileName=role)
    unless_there(iam.add_role_to_instance_profile, InstanceProfileName=role, RoleName=role)
    # An account that has never had a spot machine lacks it, and the head may not make it.
    unless_there(iam.create_service_linked_role, AWSServiceName="spot.amazonaws.com")


def role_of(described: dict[str, Any]) -> str:
    """The role that the file gives to its head; clusters that shared one could end each other."""
    role = f"{described['cluster_name']}-head"
    head = described["available_node_types"][described["head_node_type"]]["node_config"]
    if head.get("IamInstanceProfile") != {"Name": role}:
        sys.exit(f"error: write IamInstanceProfile: {{Name: {role}}} in the head's node_config")
    return role


def unless_there(make: Callable[..., object], **what: object) -> None:
    """Make it, or leave it as it is. AWS says in three ways that something is there already."""
    try:
        make(**what)
    except ClientError as error:
        if error.response["Error"]["Code"] not in THERE:
            raise


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "file", type=Path, help="the cluster file; what says CHANGE-ME is filled in"
    )
    parser.add_argument(
        "--ssh-from",
        type=network,
        action="append",
        required=True,
        metavar="CIDR",
        help="addresses that may connect, as 203.0.113.7/32; repeatable",
    )
    given = parser.parse_args()
    try:
        made = prepare(given.file, set(given.ssh_from))
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"error: {error}")
    for what, value in made.items():
        sys.stdout.write(f"{what}: {value}\n")


def prepare(path: Path, ssh_from: set[str]) -> dict[str, str]:
    """Make what the file needs, and fill it in; what has been made, by what it is."""
    text = path.read_text()
    described = yaml.safe_load(text)
    role = role_of(described)
    region = described["provider"]["region"]
    zones = [zone.strip() for zone in described["provider"]["availability_zone"].split(",")]

    ec2 = boto3.client("ec2", region_name=region)
    vpc = default_vpc(ec2)
    subnets = subnets_of(ec2, vpc, zones)
    group = security_group(ec2, vpc, ssh_from)
    files = file_system(boto3.client("efs", region_name=region), subnets, group)
    head_role(boto3.client("iam"), role, head_policy(described))
    image = boto3.client("ssm", region_name=region).get_parameter(Name=IMAGE)["Parameter"]["Value"]

    made = {
        "image": image,
        "security group": group,
        "file system": f"{files}.efs.{region}.amazonaws.com",
    }
    for what, value in made.items():
        text = text.replace(f"CHANGE-ME-{what.upper().replace(' ', '-')}", value)
    path.write_text(text)
    return {**made, "role of the head": role}


if __name__ == "__main__":
    main()
