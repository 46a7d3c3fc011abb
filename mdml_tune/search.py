"""`python mdml_tune/search.py ...` is `mdml-tune search ...`: the script for `ray submit`.

Ray copies this one file to a cluster and runs it there, so it works beside the package, from any
directory, and as a lone copy where the package is installed.
"""

import sys
from pathlib import Path

# Python puts the folder of a script first on its path. Inside the package that would let our
# modules pass for others' (`trial`, `records`), here and in every worker that inherits the path.
_here = Path(__file__).resolve().parent
if _here.name == "mdml_tune" and (_here / "__init__.py").exists():
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != _here]
    sys.path.insert(0, str(_here.parent))

if __name__ == "__main__":
    try:
        from mdml_tune.cli.main import main
    except ModuleNotFoundError as error:
        sys.exit(
            f"error: {error}. The package mdml_tune, or something it needs, is not installed for "
            f"{sys.executable}. Install it there (pip install mdml-tune), or run the script from a "
            f"checkout (make setup)."
        )
    main(["search", *sys.argv[1:]])
