"""Where a study file lies: at a path, or among those we ship."""

from importlib import resources
from pathlib import Path

from mdml_tune.config.schema import suggestion
from mdml_tune.errors import ConfigError

SUFFIX = ".yaml"


def find_study(path_or_name: str) -> Path:
    """The study file at a path or of a shipped name, from any working directory.

    Raises:
        ConfigError: There is no such file; lists the shipped ones.
    """
    path = Path(path_or_name).expanduser()
    try:
        here = path.is_file()
    except OSError as error:
        raise ConfigError(f"{path_or_name} cannot be read: {error.strerror}.") from error
    if here:
        return path
    known = shipped()
    if path.name == path_or_name and path_or_name.removesuffix(SUFFIX) in known:
        return known[path_or_name.removesuffix(SUFFIX)]
    what = "is a folder" if path.is_dir() else "is neither a file nor a shipped study"
    raise ConfigError(
        f"{path_or_name} {what}. Give the path of a study file, or one of: "
        f"{', '.join(known) or '(none shipped)'}{suggestion(path.stem, known)}"
    )


def shipped() -> dict[str, Path]:
    """The studies that come with the package, by name."""
    try:
        # A wheel carries them inside the package, a checkout beside it.
        found = [Path(str(item)) for item in resources.files("mdml_tune.search_spaces").iterdir()]
    except ModuleNotFoundError:
        found = list((Path(__file__).parents[2] / "search_spaces").glob(f"*{SUFFIX}"))
    return {path.stem: path for path in sorted(found) if path.suffix == SUFFIX}
