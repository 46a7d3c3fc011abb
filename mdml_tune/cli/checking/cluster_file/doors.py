"""Who can reach the machines of a launcher file."""

import re
from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.launcher import Launcher
from mdml_tune.cli.checking.cluster_file.lookup import at, entries, number, section, text

SSH = 22
WORLD = ("0.0.0.0/0", "::/0")


def rules_of_security_group(launcher: Launcher) -> Iterator[Check]:
    rules = entries(launcher.values, "provider", "security_group", "IpPermissions")
    for index, rule in enumerate(rules):
        ranges = [text(one, "CidrIp") for one in entries(rule, "IpRanges")]
        ranges += [text(one, "CidrIpv6") for one in entries(rule, "Ipv6Ranges")]
        where = f"provider.security_group.IpPermissions.{index}"
        from_world = [one for one in ranges if one in WORLD]
        if number(rule, "FromPort") == SSH == number(rule, "ToPort"):
            if from_world:
                said = f"ssh is open to the world ({from_world[0]})"
                yield warning(where, said, "name your addresses, such as 203.0.113.7/32")
            continue
        said = f"opens {_ports(rule)} to {', '.join(ranges) or 'others'}"
        remedy = "leave it out: ports are reached through ssh (ray dashboard FILE, ssh -L)"
        if ranges:
            yield (problem if from_world else warning)(where, said, remedy)


def security_group_of_ray(launcher: Launcher) -> Iterator[Check]:
    """The rules in the file come on top of its own, which cannot be left out."""
    if launcher.provider != "aws":
        return
    open_types = [one.name for one in launcher.types if not _names_a_group(one.config)]
    if not open_types:
        return
    group = text(launcher.values, "provider", "security_group", "GroupName")
    made = (
        f"unless '{group}' is there and has rules, Ray makes it" if group else "Ray makes a group"
    )
    yield warning(
        "provider.security_group",
        f"{made} with ssh open to the world (types {', '.join(open_types)})",
        "make a group yourself (ssh from your addresses, everything within the group), and name it "
        "in SecurityGroupIds of every node type",
    )


def metadata_service(launcher: Launcher) -> Iterator[Check]:
    """With version 1, whatever makes a node fetch an address can read the head's credentials."""
    if launcher.provider != "aws":
        return
    for one in launcher.types:
        if (
            text(one.config, "MetadataOptions", "HttpTokens") != "required"
            and "LaunchTemplate" not in one.config
        ):
            said = "the machine's credentials can be read without a token (IMDSv1)"
            remedy = "write MetadataOptions: {HttpTokens: required}"
            yield warning(f"{one.where}.node_config.MetadataOptions", said, remedy)


def firewall(launcher: Launcher) -> Iterator[Check]:
    """Ray makes no rule on Google Cloud: the network's own hold."""
    if launcher.provider != "gcp":
        return
    for one in launcher.types:
        if not entries(one.config, "networkInterfaces"):
            yield warning(
                f"{one.where}.node_config.networkInterfaces",
                "the default network lets ssh in from everywhere",
                "name a subnetwork of your own, whose firewall lets in ssh from your addresses alone",
            )


def published_ports(launcher: Launcher) -> Iterator[Check]:
    options = " ".join(launcher.container_options)  # an option and its value may be two entries
    for found in re.finditer(r"(?:^|\s)(?:-p|--publish)[=\s]*(\S+)", options):
        if not found[1].startswith(("127.0.0.1:", "[::1]:")):
            said = f"{found[0].strip()}: the port is open on every address of the machine"
            yield problem("docker.run_options", said, "leave it out: Ray shares the host's network")


def _names_a_group(config: dict[str, object]) -> bool:
    return bool(
        entries(config, "SecurityGroupIds")
        or section(config, "LaunchTemplate")
        or any(entries(one, "Groups") for one in entries(config, "NetworkInterfaces"))
    )


def _ports(rule: object) -> str:
    first, last = at(rule, "FromPort"), at(rule, "ToPort")
    if first is None or first == -1 or text(rule, "IpProtocol") == "-1":
        return "all ports"
    return f"port {first}" if first == last else f"ports {first} to {last}"


RULES = (
    rules_of_security_group,
    security_group_of_ray,
    metadata_service,
    firewall,
    published_ports,
)
