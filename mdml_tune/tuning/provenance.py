"""Where a study's numbers come from: versions, commit, data, time."""

import platform
import shutil
import subprocess
import time
from importlib import metadata
from pathlib import Path

import mdml_tune
from mdml_tune.config.identity import code_version

PACKAGES = ("torch", "torchvision", "numpy", "ray", "optuna", "mlflow", "pandas", "scipy")


def about(data_digest: str, space_digest: str) -> dict[str, object]:
    """Everything that is written down when a study starts."""
    return {
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data_digest": data_digest,
        "space_digest": space_digest,
        "code_version": code_version(),
        "git_commit": _git_commit(),
        "versions": {
            "mdml_tune": mdml_tune.__version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES},
        },
        "platform": platform.platform(),
    }


def _git_commit() -> str | None:
    """The commit that the package stands at, with ``+dirty`` after it where files differ."""
    git, here = shutil.which("git"), Path(mdml_tune.__file__).parent
    if git is None or not (here.parent / ".git").exists():
        return None

    def ask(*words: str) -> str | None:
        done = subprocess.run(  # noqa: S603 (fixed words)
            [git, "-C", str(here), *words], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else None

    commit = ask("rev-parse", "HEAD")
    dirty = ask("status", "--porcelain", "--untracked-files=no", ".")
    return f"{commit}+dirty" if commit and dirty else commit
