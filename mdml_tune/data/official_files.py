"""Whether all files of a data set are in place."""

from collections.abc import Iterable
from pathlib import Path

from mdml_tune.errors import UnavailableError


def require(files: Iterable[Path], whose: str, remedy: str) -> None:
    """Look for every one of ``files``.

    Raises:
        UnavailableError: Some are not there; the message counts them and names the first.
    """
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise UnavailableError(
            f"{len(missing)} files of {whose} are missing, the first of them {missing[0]}. {remedy}"
        )
