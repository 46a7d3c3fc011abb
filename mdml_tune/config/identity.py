"""What a configuration and a trial are called: by their content, so that equal ones are one."""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig

TRAINED_BY = ("tasks.py", "config", "data", "models", "losses", "scd", "training", "trial.py")
"""The sources that a trial's numbers depend on, below the package's folder."""


def config_id(config: TrialConfig) -> str:
    """``c`` and ten hexadecimal digits: never a number to a spreadsheet."""
    return "c" + _digest(plain(config))[:10]


def trial_key(
    config: TrialConfig, seed: int, data_digest: str, teachers: Sequence[str] = ()
) -> str:
    """``t`` and sixteen hexadecimal digits that stand for everything a trial's numbers depend on.

    Args:
        config: In its canonical form.
        seed: Of the trial.
        data_digest: Of what is learnt from.
        teachers: Trial keys of the networks that it is distilled from.
    """
    return "t" + _digest([plain(config), seed, data_digest, code_version(), list(teachers)])[:16]


@cache
def code_version() -> str:
    """Digest of the sources that train, and of torch's version. Prose and reports do not count."""
    package = Path(__file__).parent.parent
    digest = hashlib.sha256(metadata.version("torch").encode())
    for name in TRAINED_BY:
        path = package / name
        for source in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(source.relative_to(package).as_posix().encode())
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
