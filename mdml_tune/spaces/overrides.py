"""``--set PATH=VALUE``: values of a study file replaced from the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import cast

from mdml_tune.config.schema import suggestion
from mdml_tune.config.trial import TrialConfig
from mdml_tune.config.yaml12 import parse_yaml
from mdml_tune.errors import ConfigError
from mdml_tune.spaces.domains import labels, sections, unlabelled
from mdml_tune.spaces.kinds import NAMED_BY, of_kind
from mdml_tune.spaces.proposed import no_more_than_trials, of_method, without
from mdml_tune.spaces.sections import is_section

TRIAL = tuple(section.name for section in fields(TrialConfig))
OUTSIDE = ("search", "baseline", "confirm", "budget", "resources", "methods", "keep")
"""First segments that leave ``trial``."""

Tree = Mapping[str, object]


def overridden(study: Mapping[str, object], assignment: str) -> dict[str, object]:
    """The study, as plain values, with what ``assignment`` (``PATH=VALUE``) names replaced.

    Below ``trial`` a path fixes the value in every option of a choice that has it, and in every
    method that overrides it. A choice between sections also takes the label of one of them, and
    ``method`` the name of one. A section that becomes one of another kind keeps what that has.
    What is fixed so is no longer part of the configurations that the search starts with.

    Raises:
        ConfigError: Not ``PATH=VALUE``, a value that is no scalar, or no such path.
    """
    segments, value = _parsed(assignment)
    if segments == ["method"] and isinstance(study.get("methods"), dict):
        only = _one_of(cast("Tree", study["methods"]), assignment, value)
        return of_method({**study, "methods": only}, str(value))
    if segments[0] in OUTSIDE:
        existing = segments[0] == "methods" and not _admits(study, segments[:2], create=False)
        if existing or not _admits(study, segments, create=True):
            raise _no_such_path(assignment, [study], segments)
        changed = cast("dict[str, object]", _put(study, segments, value))
        return no_more_than_trials(changed) if segments == ["search", "trials"] else changed
    segments = segments[segments[0] == "trial" :]
    return without(_in_trial(study, segments, assignment, value), ".".join(segments))


def _parsed(assignment: str) -> tuple[list[str], object]:
    path, _, text = assignment.partition("=")
    segments = path.strip().split(".")
    if not all(segments) or not text.strip() or segments == ["trial"]:
        raise ConfigError(
            f"--set {assignment}: write PATH=VALUE, such as mutual.temperature=2 (null for none)."
        )
    try:
        value = parse_yaml(text)
    except ConfigError as error:
        raise ConfigError(f"--set {assignment}: {error}") from error
    if isinstance(value, dict | list):
        raise ConfigError(
            f"--set {assignment}: takes one value. Set the values of a section or list one by one, "
            f"such as data.image_size.0=48."
        )
    return segments, value


def _in_trial(
    study: Tree, segments: Sequence[str], assignment: str, value: object
) -> dict[str, object]:
    trial, methods = study.get("trial"), study.get("methods")
    if segments[0] not in TRIAL:
        allowed = [*TRIAL, *OUTSIDE]
        raise ConfigError(
            f"--set {assignment}: there is no '{segments[0]}' (allowed: {', '.join(allowed)})"
            f"{suggestion(segments[0], allowed)}"
        )
    changed = dict(study)
    overrides = cast("Tree", methods) if isinstance(methods, dict) else {}
    having = [name for name in overrides if _admits(overrides[name], segments, create=False)]
    if having:
        put = {name: _put(overrides[name], segments, value) for name in having}
        changed["methods"] = {**overrides, **put}
    if _admits(trial, segments, create=not having):
        changed["trial"] = _put(trial, segments, value)
    elif not having:
        raise _no_such_path(assignment, [trial], segments)
    return changed


def _one_of(methods: Tree, assignment: str, name: object) -> Tree:
    if name not in methods:
        raise ConfigError(
            f"--set {assignment}: there is no such method (there: {', '.join(methods)})"
            f"{suggestion(str(name), methods)}"
        )
    return {str(name): methods[str(name)]}


def _admits(here: object, segments: Sequence[str], *, create: bool) -> bool:
    """Whether the path is there or, with ``create``, can be made by adding keys to sections."""
    if not segments:
        return True
    key, *rest = segments
    if (options := _options(here)) is not None:
        return any(_admits(option, segments, create=False) for option in options)
    below = _below(here)
    if key in below:
        return _admits(below[key], rest, create=create)
    can_have = (here is None or is_section(here)) and not key.isdigit()
    return create and can_have and _admits(None, rest, create=True)


def _put(here: object, segments: Sequence[str], value: object) -> object:
    """A copy of ``here``, which admits the path, with ``value`` at its end."""
    options = _options(here)
    if not segments:
        return value if options is None else _chosen(options, value)
    if options is not None:
        having = (_admits(option, segments, create=False) for option in options)
        return {
            "choice": [
                _put(option, segments, value) if has else option
                for option, has in zip(options, having, strict=True)
            ]
        }
    key, *rest = segments
    below = _below(here)
    changed = {**below, key: _put(below.get(key), rest, value)}
    if isinstance(here, list):
        return list(changed.values())
    return of_kind(below, key, value) if key in NAMED_BY and not rest else changed


def _chosen(options: Sequence[object], value: object) -> object:
    """The option that bears the label ``value``, or else the value itself."""
    named = "none" if value is None else str(value)
    told = [str(label) for label in labels(options)]
    return unlabelled(options[told.index(named)]) if named in told else value


def _options(here: object) -> list[object] | None:
    """The options of a choice between sections."""
    if not isinstance(here, dict) or is_section(cast("object", here)):
        return None
    options = cast("dict[str, object]", here).get("choice")
    return cast("list[object]", options) if sections(options) else None


def _below(here: object) -> dict[str, object]:
    """What has a path of its own: the keys of a section, the items of a list by index."""
    if isinstance(here, list):
        return {str(index): item for index, item in enumerate(cast("list[object]", here))}
    return dict(here) if is_section(here) else {}


def _no_such_path(assignment: str, nodes: list[object], segments: Sequence[str]) -> ConfigError:
    """Says how far the path leads, and what is there instead."""
    there, done, segment = "", "", ""
    for segment in segments:
        below = [_below(node) for node in _all_options(nodes)]
        known = list(dict.fromkeys(key for keys in below for key in keys))
        if segment not in known:
            there = f"there: {', '.join(known)}" if known else f"it is {nodes[0]!r}"
            there = f" ({there}){suggestion(segment, known)}"
            break
        nodes = [keys[segment] for keys in below if segment in keys]
        done = f"{done}.{segment}" if done else segment
    where = f"below '{done}'" if done else "in the study"
    return ConfigError(f"--set {assignment}: there is no '{segment}' {where}{there}")


def _all_options(nodes: list[object]) -> list[object]:
    """The nodes, choices replaced by their options."""
    found: list[object] = []
    for node in nodes:
        options = _options(node)
        found += [node] if options is None else _all_options(options)
    return found
