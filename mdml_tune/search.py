"""`python mdml_tune/search.py ...` is `mdml-tune search ...`: the script for `ray submit`.

Ray copies this one file to a cluster and runs it there, so it works beside the package, from any
directory, and as a lone copy where the package is installed. Other than the command it joins the
cluster that its host belongs to, without being told.
"""

import os
import sys
from pathlib import Path

UNAVAILABLE = 3


def _refuse(message: str) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(UNAVAILABLE)


def _clear_path(here: Path) -> None:
    """Let ``import mdml_tune`` find the package, in this process and in those that inherit its path.

    Python puts the folder of a script first. Inside the package that would let our modules pass for
    others' (`trial`, `records`); elsewhere another `mdml_tune` may lie there.
    """
    elsewhere = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    beside = here / "mdml_tune"
    if here.name == "mdml_tune" and (here / "__init__.py").exists():
        sys.path[:] = [str(here.parent), *elsewhere]
    elif (beside / "__init__.py").exists() and not (beside / "cli" / "main.py").exists():
        _refuse(
            f"{beside} is not the package mdml_tune, and would be taken for it. Rename it, or move "
            f"this script into another folder."
        )
    elif beside.is_dir() and not (beside / "__init__.py").exists():
        sys.path[:] = elsewhere


if __name__ == "__main__":
    _clear_path(Path(__file__).resolve().parent)
    try:
        from mdml_tune.cli.main import main
    except ModuleNotFoundError as error:
        _refuse(
            f"{error}. The package mdml_tune, or something it needs, is not installed for "
            f"{sys.executable}. Install it there (pip install mdml-tune), or run the script from a "
            f"checkout (make setup)."
        )
    else:
        # What the user says comes last, and wins.
        found = [] if os.environ.get("RAY_ADDRESS") else ["--address", "detect"]
        main(["search", *found, *sys.argv[1:]])
