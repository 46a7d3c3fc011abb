"""What has changed since a trial was trained: its numbers may depend on it."""

from collections.abc import Iterator, Mapping
from typing import cast

import torch

from mdml_tune.cli.repeating.surroundings import Surroundings
from mdml_tune.config.identity import trial_key
from mdml_tune.config.load import load_trial
from mdml_tune.errors import DataError
from mdml_tune.records import TrialRecord
from mdml_tune.tuning.provenance import about

About = Mapping[str, object]
"""Provenance of a study, as ``tuning.provenance.about`` gives it."""

_NAMES = {
    "code_version": "the code that trains",
    "git_commit": "the git commit",
    "platform": "the platform",
}


def circumstances(
    recorded: TrialRecord, beside: Surroundings, digest: str, threads: int
) -> list[str]:
    """Each thing that has changed since the trial was trained and may change its numbers.

    Args:
        recorded: The trial.
        beside: What it was trained beside.
        digest: Of the data as they are now.
        threads: Of the CPU that it is to have now.

    Raises:
        DataError: The data are others: that is no circumstance, but another trial.
    """
    then = {} if beside.study is None else beside.study.about
    if then.get("data_digest", digest) != digest:
        raise DataError(
            f"The trial {recorded.trial_key} learnt from data with the digest "
            f"{then['data_digest']}, and those that are here have {digest}: other images, labels "
            f"or renderer. Name the folder of the old ones with --data-root."
        )
    told = changed(then, about(digest, ""))
    if not any(_NAMES["code_version"] in said for said in told):
        told += _otherwise_named(recorded, beside, digest)
    before = max(1, int(recorded.cpus))
    if threads != before:
        told.append(f"CPU threads: were {before}, are {threads}")
    if recorded.gpus and not torch.cuda.is_available():
        told.append("it was trained on a GPU, and there is none here")
    return told


def _otherwise_named(recorded: TrialRecord, beside: Surroundings, digest: str) -> list[str]:
    """The key stands for data, code, torch and teachers: a change of one of them shows in it."""
    config = load_trial(recorded.config)
    if trial_key(config, recorded.seed, digest, beside.teacher_keys) == recorded.trial_key:
        return []
    if beside.study is None:
        return ["data, code or torch; which of them is not known: no study refers to this baseline"]
    return ["the networks that it learnt from, or how a configuration is written down"]


def changed(then: About, now: About) -> list[str]:
    """Each thing that differs and may change the last bits, but for the data."""
    told = [
        f"{what}: was {then[name]}, is {now[name]}"
        for name, what in _NAMES.items()
        if name in then and then[name] != now.get(name)
    ]
    told += list(_versions(_section(then), _section(now)))
    commit = str(now.get("git_commit") or "")
    if commit.endswith("+dirty") and then.get("git_commit") == commit:
        told.append("the git tree has changes that no commit holds, now as then")
    return told


def _versions(then: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for name, version in then.items():
        if name in now and now[name] != version:
            yield f"{name}: was {version}, is {now[name]}"


def _section(about: About) -> Mapping[str, object]:
    versions = about.get("versions")
    return cast("Mapping[str, object]", versions) if isinstance(versions, Mapping) else {}
