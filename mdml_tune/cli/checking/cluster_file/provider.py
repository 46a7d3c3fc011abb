"""What Ray takes without a word in a launcher file's provider section, and then ignores."""

import difflib
from collections.abc import Iterator, Mapping

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.launcher import START, Launcher
from mdml_tune.cli.checking.cluster_file.lookup import entries, section, text

EVERYWHERE = frozenset(
    {"type", "module", "use_internal_ips", "use_external_head_ip", "disable_node_updaters",
     "disable_launch_config_check", "foreground_node_launch", "worker_liveness_check"}
)  # fmt: skip
KEYS: Mapping[str, frozenset[str]] = {
    "aws": EVERYWHERE
    | {"region", "availability_zone", "cache_stopped_nodes", "security_group", "key_pair",
       "aws_credentials", "cloudwatch"},
    "gcp": EVERYWHERE
    | {"region", "availability_zone", "project_id", "gcp_credentials", "cache_stopped_nodes"},
    "local": EVERYWHERE
    | {"head_ip", "worker_ips", "external_head_ip", "coordinator_address", "list_of_node_ips"},
}  # fmt: skip
"""What the providers of Ray 2.60 read (`autoscaler/_private`)."""

NEEDED = {"aws": ("region",), "gcp": ("region", "availability_zone", "project_id"), "local": ()}


def unknown_keys(launcher: Launcher) -> Iterator[Check]:
    known = KEYS.get(launcher.provider)
    if known is None:
        return
    for key in section(launcher.values, "provider"):
        if key not in known:
            said = f"provider {launcher.provider} has no such key: Ray ignores it"
            yield problem(f"provider.{key}", said, nearest(key, known))


def missing_keys(launcher: Launcher) -> Iterator[Check]:
    for key in NEEDED.get(launcher.provider, ()):
        if not section(launcher.values, "provider").get(key):
            said = f"not given: ray up fails, or takes the default of Ray's own {launcher.provider} file"
            yield problem(f"provider.{key}", said, f"write {key}: ... below provider")


def zone_outside_region(launcher: Launcher) -> Iterator[Check]:
    region = text(launcher.values, "provider", "region")
    zones = text(launcher.values, "provider", "availability_zone")
    for zone in filter(None, (zone.strip() for zone in zones.split(","))):
        if region and not zone.startswith(region):
            yield problem(
                "provider.availability_zone",
                f"{zone} lies in another region than {region}",
                f"name zones of {region}, or change the region",
            )


def autoscaler_of_own_machines(launcher: Launcher) -> Iterator[Check]:
    if launcher.provider != "local":
        return
    for where, command in launcher.commands(START[0]):
        if "ray start" in command and "RAY_enable_autoscaler_v2=0" not in command:
            yield problem(
                where,
                "ray up turns on the second version of the autoscaler, which never starts workers "
                "of provider local",
                "put RAY_enable_autoscaler_v2=0 before ray start",
            )


def same_machine_twice(launcher: Launcher) -> Iterator[Check]:
    head = text(launcher.values, "provider", "head_ip")
    workers = [str(one) for one in entries(launcher.values, "provider", "worker_ips")]
    for index, worker in enumerate(workers):
        if worker == head or worker in workers[:index]:
            yield problem(
                f"provider.worker_ips.{index}",
                f"{worker} is listed twice: `ray stop` of one ends the other",
                "name each machine once, the head not among the workers",
            )


def retired_node_sections(launcher: Launcher) -> Iterator[Check]:
    for key in ("head_node", "worker_nodes"):
        if key in launcher.values:
            yield warning(key, "Ray no longer reads it", "describe types in available_node_types")


def nearest(word: str, allowed: frozenset[str]) -> str:
    """A remedy for a word that is not among those allowed."""
    near = difflib.get_close_matches(word, sorted(allowed), n=1, cutoff=0.6)
    return (
        f"did you mean {near[0]}?"
        if near
        else f"take it out; known are {', '.join(sorted(allowed))}"
    )


RULES = (
    unknown_keys,
    missing_keys,
    zone_outside_region,
    autoscaler_of_own_machines,
    same_machine_twice,
    retired_node_sections,
)
