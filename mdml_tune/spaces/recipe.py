"""Checks that baselines have one recipe: Δm against a moving reference would say nothing."""

from collections.abc import Iterator

from mdml_tune.config.load import check_trial
from mdml_tune.config.schema import Problem, suggestion
from mdml_tune.config.trial import TrialConfig
from mdml_tune.spaces.sections import depth_of, has, leaves
from mdml_tune.spaces.study import BASELINE_SECTIONS, Study, reference_values
from mdml_tune.spaces.tree import Parameter, parameters, plant


def recipe_problems(study: Study) -> Iterator[Problem]:
    """What keeps the single-task networks from being trained, under the file's paths."""
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
    if opened or malformed or isinstance(reference, TrialConfig):
        return
    for path, message in reference:
        ours = has(given, path) or depth_of(given, path) > depth_of(study.trial, path)
        yield Problem(f"baseline.trial.{path}" if ours else f"trial.{path}", message)


def _still_open(study: Study, parameter: Parameter) -> Problem:
    if has(study.baseline.trial, parameter.path):
        return Problem(
            f"baseline.trial.{parameter.path}", "must be one value: baselines are not searched"
        )
    return Problem(
        f"trial.{parameter.path}",
        f"is searched, so baseline.trial.{parameter.path} must say which value the single-task "
        f"networks take",
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
