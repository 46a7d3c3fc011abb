"""``extends``: a study file that says only what is other than in another one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from mdml_tune.config.schema import Problem, refuse
from mdml_tune.config.yaml12 import read_yaml
from mdml_tune.errors import ConfigError
from mdml_tune.spaces.find import find_study
from mdml_tune.spaces.proposed import without
from mdml_tune.spaces.sections import is_section, laid_upon, leaves
from mdml_tune.spaces.settings import types_at
from mdml_tune.spaces.study import Study

EXTENDS = "extends"


def read_study(path: Path, before: Sequence[Path] = ()) -> dict[str, object]:
    """The values of a study file, laid upon those of the study that it extends, if any.

    Sections merge; domains, lists and anything else replace. Null removes what cannot be null (a
    method, the weight of a task) and is a value where it can.

    Args:
        path: Of the file.
        before: Files that extend this one, the first one first.

    Raises:
        ConfigError: A file cannot be read or holds no keys, or studies extend each other in a
            circle.
    """
    values = _read(path)
    if EXTENDS not in values:
        return values
    name = values.pop(EXTENDS)
    if not isinstance(name, str) or not name:
        raise refuse(
            str(path),
            [Problem(EXTENDS, f"takes the path or name of one study file, found {name!r}")],
        )
    if "study" not in values:
        raise refuse(
            str(path),
            [Problem("study", f"is missing: a study that extends {name} has a name of its own")],
        )
    chain = [*before, path]
    base_path = _found(path, name)
    if base_path.resolve() in [one.resolve() for one in chain]:
        told = " -> ".join(str(one) for one in [*chain, base_path])
        raise refuse(
            str(chain[0]), [Problem(EXTENDS, f"goes in a circle: {told}; take one of these out")]
        )
    return extended(read_study(base_path, chain), values)


def extended(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """``base`` with ``over`` laid upon it, and without what null removes.

    What the base proposes to start with is dropped for each path of the trial that ``over`` gives.
    """
    values = laid_upon(base, over)
    for path in _removed(base, over):
        values = _without(values, path.split("."))
    own = cast("Mapping[str, object]", over["search"]) if is_section(over.get("search")) else {}
    if "start_with" in own:
        return values
    for path, _ in leaves(over.get("trial", {})) if is_section(over.get("trial")) else ():
        values = without(values, path)
    return values


def _read(path: Path) -> dict[str, object]:
    values = read_yaml(path)
    if values is None:
        raise ConfigError(f"{path} is empty. A study file has at least 'study' and 'trial'.")
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold keys and values, such as 'study: my-first'.")
    return cast("dict[str, object]", values)


def _found(path: Path, name: str) -> Path:
    """Beside the file that says so, or a shipped one."""
    beside = path.parent / Path(name).expanduser()
    try:
        return find_study(str(beside) if _is_file(beside) else name)
    except ConfigError as error:
        raise refuse(str(path), [Problem(EXTENDS, str(error))]) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _removed(base: object, over: object, path: str = "") -> list[str]:
    """Paths that are there, and null in ``over``, where null cannot stand."""
    if not is_section(base) or not is_section(over):
        return []
    found: list[str] = []
    for key in (key for key in over if key in base):
        below = f"{path}.{key}" if path else key
        if over[key] is None and base[key] is not None and not _may_be_null(below):
            found.append(below)
        found += _removed(base[key], over[key], below)
    return found


def _without(values: Mapping[str, object], segments: Sequence[str]) -> dict[str, object]:
    key, *rest = segments
    if not rest:
        return {name: value for name, value in values.items() if name != key}
    return {**values, key: _without(cast("Mapping[str, object]", values[key]), rest)}


def _may_be_null(path: str) -> bool:
    """Whether null is a value of the setting."""
    root, *rest = path.split(".")
    if root == "baseline" and rest[:1] == ["trial"]:
        root, rest = "trial", rest[1:]
    if root == "methods" and rest:
        root, rest = "trial", rest[1:]
        if not rest:
            return False
    types = types_at(".".join(rest)) if root == "trial" and rest else types_at(path, Study)
    return "null" in types
