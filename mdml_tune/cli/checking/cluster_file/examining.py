"""Every rule upon a cluster file, in the order of the table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path

from mdml_tune.cli.checking.checks import Check, ok, problem
from mdml_tune.cli.checking.cluster_file import (
    buying,
    doors,
    manifest_doors,
    manifest_life,
    manifest_shape,
    manifest_sharing,
    mounts,
    provider,
    sharing,
    starting,
)
from mdml_tune.cli.checking.cluster_file.fitting import Offer, fits, offers_of
from mdml_tune.cli.checking.cluster_file.launcher import Launcher
from mdml_tune.cli.checking.cluster_file.manifest import Manifest
from mdml_tune.cli.checking.cluster_file.manifest_keys import unknown_keys
from mdml_tune.cli.checking.cluster_file.placeholders import duplicates, unedited
from mdml_tune.cli.checking.cluster_file.reading import ClusterFile, read_cluster_file
from mdml_tune.cli.checking.cluster_file.secrets import secrets
from mdml_tune.spaces.study import Study

Rules = Sequence[Callable[..., Iterator[Check]]]

LAUNCHER: Sequence[tuple[str, str, Rules]] = (
    ("provider", "every key is one that Ray reads", provider.RULES),
    ("mounts", "what nodes need is here and small", mounts.RULES),
    ("start", "versions agree, a token is asked for, the dashboard is private", starting.RULES),
    (
        "storage",
        "a folder of all nodes is mounted or looked for, runs go to a server",
        sharing.RULES,
    ),
    ("doors", "it opens nothing to the world", doors.RULES),
    ("costs", "machines go when idle, and spot machines have a fallback", buying.RULES),
)
OF_CLOUDS = ("costs",)
"""Themes without a meaning for machines that are there already."""
MANIFEST: Sequence[tuple[str, str, Rules]] = (
    ("keys", "every key is one that KubeRay has", (unknown_keys,)),
    ("shape", "KubeRay takes it, versions agree", manifest_shape.RULES),
    ("storage", "all pods share a folder, runs go to a server", manifest_sharing.RULES),
    ("doors", "nothing is reached from outside, a token is asked for", manifest_doors.RULES),
    ("life", "it grows, shrinks, goes on after a failure and ends", manifest_life.RULES),
)


def cluster_file_checks(path: Path, study: Study | None) -> Iterator[Check]:
    """What is wrong with a cluster file; what is well in a line for each theme.

    Args:
        path: Of a launcher file of Ray, or of a Kubernetes manifest.
        study: Whose trials are to fit on its nodes; none where they are not asked about.

    Raises:
        ConfigError: The file cannot be read as either.
    """
    yield from checks_of(read_cluster_file(path), study)


def checks_of(file: ClusterFile, study: Study | None) -> Iterator[Check]:
    """The same, of a file that has been read."""
    yield from duplicates(file)
    yield from _manifest(file, study) if file.is_kubernetes else _launcher(file, study)


def _launcher(file: ClusterFile, study: Study | None) -> Iterator[Check]:
    launcher = Launcher(file.documents[0])
    yield from _by_ray(launcher)
    yield from _common((("", launcher.values),))
    themes = [one for one in LAUNCHER if launcher.provider != "local" or one[0] not in OF_CLOUDS]
    yield from _themes(launcher, themes)
    if study is not None:
        yield from fits(study.resources, *offers_of(launcher))


def _manifest(file: ClusterFile, study: Study | None) -> Iterator[Check]:
    manifest = Manifest(file.documents)
    yield from _common((one.where, one.values) for one in manifest.documents)
    yield from _themes(manifest, MANIFEST)
    if study is None:
        return
    for part in manifest.clusters:
        offers = [Offer(group.name, group.cpus, group.gpus, group.most) for group in part.workers]
        yield from fits(study.resources, offers, sum(offer.most for offer in offers))


def _by_ray(launcher: Launcher) -> Iterator[Check]:
    from mdml_tune.tuning.cluster_file import objections

    found = objections(launcher.values)
    for where, said in found:
        yield problem(where or "Ray", f"Ray refuses it: {said}", "correct it: ray up stops here")
    if not found:
        said = f"takes it as a cluster of {launcher.provider}"
        yield ok(f"Ray {metadata.version('ray')}", said)


def _common(documents: Iterable[tuple[str, object]]) -> Iterator[Check]:
    both = list(documents)
    yield from _theme("placeholders", "all filled in", (unedited(*one) for one in both))
    yield from _theme("secrets", "none stands in the file", (secrets(*one) for one in both))


def _themes(subject: object, themes: Sequence[tuple[str, str, Rules]]) -> Iterator[Check]:
    for name, well, rules in themes:
        yield from _theme(name, well, (rule(subject) for rule in rules))


def _theme(name: str, well: str, results: Iterable[Iterator[Check]]) -> Iterator[Check]:
    found = list(chain.from_iterable(results))
    yield from found or [ok(name, well)]
