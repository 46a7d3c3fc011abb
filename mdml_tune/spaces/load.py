"""Reading a study file."""

from collections.abc import Sequence

from mdml_tune.config.schema import Problem, refuse
from mdml_tune.spaces.check import check_study
from mdml_tune.spaces.extends import read_study
from mdml_tune.spaces.find import find_study
from mdml_tune.spaces.overrides import overridden
from mdml_tune.spaces.paths import absolute_paths
from mdml_tune.spaces.study import Study


def load_study(
    path_or_name: str, *, set_values: Sequence[str] = (), name: str | None = None
) -> Study:
    """The study in a file, or of a shipped name.

    Args:
        path_or_name: A path, or a shipped study's name (``rooms_mdml``).
        set_values: ``PATH=VALUE`` each, applied in order before anything is checked.
        name: Replaces the study's own.

    Raises:
        ConfigError: Lists every problem at once, each under its dotted path.
    """
    path = find_study(path_or_name)
    study = read_study(path)
    for assignment in set_values:
        study = overridden(study, assignment)
    if name is not None:
        study = {**study, "study": name}
    result = check_study(absolute_paths(study))
    if isinstance(result, list):
        changes = f" with --set {' --set '.join(set_values)}" if set_values else ""
        raise refuse(f"{path}{changes}", map(_visible, result))
    return result


def _visible(problem: Problem) -> Problem:
    """The problem with control characters spelt out, which a terminal would obey."""
    return Problem(*("".join(map(_spelt, part)) for part in problem))


def _spelt(character: str) -> str:
    return character if character.isprintable() else repr(character).strip("'")
