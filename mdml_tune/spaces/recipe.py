"""Checks that baselines have one recipe: Δm against a moving reference would say nothing."""

from collections.abc import Iterator, Sequence

from mdml_tune.config.load import check_trial
from mdml_tune.config.schema import Problem, suggestion
from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.sections import has, leaves, stems_from
from mdml_tune.spaces.study import BASELINE_SECTIONS, Study, reference_values
from mdml_tune.spaces.tree import Parameter, parameters, plant
from mdml_tune.spaces.whole import network_place


def recipe_problems(study: Study, trials: Sequence[TrialConfig]) -> Iterator[Problem]:
    """What keeps the single-task networks from being trained, under the file's paths.

    Args:
        study: Otherwise in order.
        trials: At the corners of its space, as far as they are in order.
    """
    given = study.baseline.trial
    for key in given:
        if key not in BASELINE_SECTIONS:
            yield Problem(
                f"baseline.trial.{key}",
                f"unknown key (allowed: {', '.join(BASELINE_SECTIONS)})"
                f"{suggestion(key, BASELINE_SECTIONS)}",
            )
            return
    yield from _methods_apart(study)
    values = reference_values(study.trial, given)
    root, malformed = plant(values, None)
    opened = [p for p in parameters(root) if not p.path.startswith("data.") and not p.condition]
    yield from (_still_open(study, parameter) for parameter in opened)
    reference = check_trial(values)
    if opened or malformed:
        return
    if isinstance(reference, TrialConfig):
        yield from _peers_apart(study, reference, trials)
        return
    for path, message in reference:
        ours = stems_from(given, reference_values(study.trial, {}), path)
        yield Problem(f"baseline.trial.{path}" if ours else _in_trial(study, path), message)


def _still_open(study: Study, parameter: Parameter) -> Problem:
    if has(study.baseline.trial, parameter.path):
        return Problem(
            f"baseline.trial.{parameter.path}", "must be one value: baselines are not searched"
        )
    return Problem(
        _in_trial(study, parameter.path),
        f"is searched, so baseline.trial.{parameter.path} must say which value the single-task "
        f"networks take",
    )


def _in_trial(study: Study, path: str) -> str:
    """Where the study file says what the baselines copy to ``path``."""
    section, *rest = path.split(".")
    place = network_place(study.trial) if section == "network" else section
    return ".".join(["trial", place, *rest])


def _peers_apart(
    study: Study, reference: TrialConfig, trials: Sequence[TrialConfig]
) -> Iterator[Problem]:
    """Reported networks that are not the baselines', since lists of peers bring their own."""
    given = (study.trial, study.baseline.trial, *(study.methods or {}).values())
    if any("network" in values for values in given):
        return  # then it has been compared with theirs
    if any(config.network != reference.network for config in trials):
        yield Problem(
            "baseline.trial.network",
            "is missing: the first of mutual.peers is not the same in every trial, so it must say "
            "which network the single-task networks are",
        )


def _methods_apart(study: Study) -> Iterator[Problem]:
    """Methods whose recipe differs from that of the baselines, where nobody has said so."""
    for name, over in (study.methods or {}).items():
        shared = {key: over[key] for key in BASELINE_SECTIONS if key in over}
        for path, value in leaves(shared) if shared else ():
            same = has(study.trial, path) and (path, value) in leaves(study.trial)
            if not same and not has(study.baseline.trial, path):
                yield Problem(
                    f"methods.{name}.{path}",
                    f"differs from the trial, so baseline.trial.{path} must say which value the "
                    f"single-task networks take",
                )
