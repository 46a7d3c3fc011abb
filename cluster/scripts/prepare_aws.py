"""Make, once per AWS account and region, what cluster/gpu.yaml needs, and fill it in.

    python cluster/scripts/prepare_aws.py cluster/gpu.yaml --ssh-from 203.0.113.7/32

A security group (ssh from your addresses, anything between its members), an encrypted EFS file system
in the zones of the file, a role with which the head may start and end machines, and the newest image
with NVIDIA's driver. What is there is kept: run it again when your address has changed. Credentials
are those of boto3 (`aws configure`, AWS_PROFILE).
"""

import argparse
import ipaddress
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.client import BaseClient
from botocore.exceptions import ClientError

NAME = "mdml-tune"
ROLE = "mdml-tune-head"
IMAGE = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id"
THERE = {"EntityAlreadyExists", "LimitExceeded", "InvalidInput", "InvalidPermission.Duplicate"}
TAGS = [{"Key": "Name", "Value": NAME}]


def network(text: str) -> str:
    """An address range that is not the whole world, in its canonical form."""
    given = ipaddress.ip_network(text)
    if given.prefixlen == 0:
        raise argparse.ArgumentTypeError(f"{text} is the whole world; name your own addresses")
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
    rules = [described for one in found for described in one["IpPermissions"]]
    wanted = [
        {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]},
        *(ssh_rule(cidr) for cidr in sorted(ssh_from)),
    ]
    for rule in wanted:  # first, so that a running cluster is at no time cut off
        unless_there(ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=[rule])
    there = {r["CidrIp"] for rule in rules for r in rule["IpRanges"]}
    there |= {r["CidrIpv6"] for rule in rules for r in rule["Ipv6Ranges"]}
    for cidr in sorted(there - ssh_from):
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[ssh_rule(cidr)])
    return group


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


def head_policy(cluster: str) -> dict[str, Any]:
    """What the head may do: start machines, and tag and end those of this cluster."""
    own = {"StringEquals": {"aws:ResourceTag/ray-cluster-name": cluster}}
    new = {"StringEquals": {"ec2:CreateAction": "RunInstances"}}
    statements = [
        {"Action": ["ec2:Describe*", "ec2:RunInstances"]},
        {"Action": "ec2:CreateTags", "Condition": new},
        {"Action": ["ec2:CreateTags", "ec2:TerminateInstances"], "Condition": own},
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Resource": "*"} | one for one in statements],
    }


def head_role(iam: BaseClient, cluster: str) -> None:
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
    unless_there(iam.create_role, RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(
        RoleName=ROLE, PolicyName=cluster, PolicyDocument=json.dumps(head_policy(cluster))
    )
    unless_there(iam.create_instance_profile, InstanceProfileName=ROLE)
    unless_there(iam.add_role_to_instance_profile, InstanceProfileName=ROLE, RoleName=ROLE)
    # An account that has never had a spot machine lacks it, and the head may not make it.
    unless_there(iam.create_service_linked_role, AWSServiceName="spot.amazonaws.com")


def unless_there(make: Callable[..., object], **what: object) -> None:
    """Make it, or leave it as it is. AWS says in four ways that something is there already."""
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
    text = given.file.read_text()
    described = yaml.safe_load(text)
    region = described["provider"]["region"]
    zones = [zone.strip() for zone in described["provider"]["availability_zone"].split(",")]

    ec2 = boto3.client("ec2", region_name=region)
    vpc = default_vpc(ec2)
    subnets = subnets_of(ec2, vpc, zones)
    group = security_group(ec2, vpc, set(given.ssh_from))
    files = file_system(boto3.client("efs", region_name=region), subnets, group)
    head_role(boto3.client("iam"), described["cluster_name"])
    image = boto3.client("ssm", region_name=region).get_parameter(Name=IMAGE)["Parameter"]["Value"]

    filled = {
        "CHANGE-ME-IMAGE": image,
        "CHANGE-ME-SECURITY-GROUP": group,
        "CHANGE-ME-FILE-SYSTEM": f"{files}.efs.{region}.amazonaws.com",
    }
    for placeholder, value in filled.items():
        text = text.replace(placeholder, value)
    given.file.write_text(text)
    for what, value in {**filled, "role of the head": ROLE}.items():
        sys.stdout.write(f"{what.removeprefix('CHANGE-ME-').lower().replace('-', ' ')}: {value}\n")


if __name__ == "__main__":
    main()
