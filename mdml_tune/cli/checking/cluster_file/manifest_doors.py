"""Who can reach the pods, and with what."""

from collections.abc import Iterator

from mdml_tune.cli.checking.checks import Check, problem, warning
from mdml_tune.cli.checking.cluster_file.lookup import PLACEHOLDER, at, entries, section, text
from mdml_tune.cli.checking.cluster_file.manifest import Manifest

OPEN = ("LoadBalancer", "NodePort")
FORWARD = "leave it ClusterIP and forward ports: kubectl port-forward svc/... 8265"


def token(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        if text(part.spec, "authOptions", "mode") != "token":
            said = "no token: whoever reaches a port of Ray runs code in all pods"
            yield problem(f"{part.where}.authOptions", said, "write authOptions: {mode: token}")


def services(manifest: Manifest) -> Iterator[Check]:
    for one in manifest.documents:
        if one.kind == "Service" and text(one.spec, "type") in OPEN:
            said = f"{text(one.spec, 'type')} is reached from outside of the cluster"
            yield problem(f"{one.where}.spec.type", said, FORWARD)
        if one.kind in ("Ingress", "Gateway", "HTTPRoute", "Route"):
            yield warning(one.where, "lets requests in from outside of the cluster", FORWARD)
    for part in manifest.clusters:
        head = part.head
        for keys in (("serviceType",), ("headService", "spec", "type")):
            if text(head.values, *keys) in OPEN:
                said = f"{text(head.values, *keys)}: Ray is reached from outside of the cluster"
                yield problem(f"{head.where}.{'.'.join(keys)}", said, FORWARD)
        if at(head.values, "enableIngress") is True:
            said = "Ray's dashboard is reached from outside of the cluster"
            yield problem(f"{head.where}.enableIngress", said, FORWARD)


def host_network(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        for group in part.groups:
            if at(group.pod, "hostNetwork") is True:
                said = "Ray listens on the addresses of the machine"
                yield problem(f"{group.pod_path}.hostNetwork", said, "leave it out")
            for index, port in enumerate(entries(group.container, "ports")):
                if at(port, "hostPort") is not None:
                    where = f"{group.container_path}.ports.{index}.hostPort"
                    yield problem(
                        where, "the port is open on the machine's addresses", "leave it out"
                    )


def privileges(manifest: Manifest) -> Iterator[Check]:
    for part in manifest.clusters:
        for group in part.groups:
            if at(section(group.container, "securityContext"), "privileged") is True:
                where = f"{group.container_path}.securityContext.privileged"
                said = "the container may do all that the machine may"
                yield warning(where, said, "leave it out: GPUs need no privileges")


def made_secrets(manifest: Manifest) -> Iterator[Check]:
    """Whatever stands in a Secret is one; base64 hides nothing."""
    for one in manifest.documents:
        if one.kind != "Secret":
            continue
        for part in ("data", "stringData"):
            for key, value in section(one.values, part).items():
                if isinstance(value, str) and value and PLACEHOLDER not in value:
                    said = "a secret stands in the file"
                    remedy = "make it apart: kubectl create secret generic ... --from-literal=..."
                    yield problem(f"{one.where}.{part}.{key}", said, remedy)


RULES = (token, services, host_network, privileges, made_secrets)
