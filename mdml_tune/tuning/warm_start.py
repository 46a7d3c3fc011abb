"""What an earlier study has tried already, taken over where it means the same here.

A trial is taken if its numbers are what this study would have found: same data, same code, same
single-task networks, and a configuration that this space holds too. It is told to the sampler
before the study's own trials; it is neither counted nor ranked.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mdml_tune.config.identity import code_version, config_id
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.errors import ConfigError
from mdml_tune.records import Phase, Status, StudyRecord, TrialRecord, Value
from mdml_tune.spaces.domains import Choice, Domain
from mdml_tune.spaces.sections import at, leaves
from mdml_tune.spaces.space import Assignment, Space
from mdml_tune.spaces.study import Study
from mdml_tune.spaces.tree import Parameter
from mdml_tune.storage.atomic import read_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tuning.sampling.shares import holds
from mdml_tune.tuning.tried import Earlier, Tried

NAMED = 3
"""How many fixed values that differ are named of one configuration."""


@dataclass(frozen=True, slots=True)
class WarmStart:
    """Decided once, at the first start: the earlier study may go on."""

    study: str
    """Name of the earlier study."""
    taken: tuple[Earlier, ...]
    """In the order in which they were tried."""
    left: Mapping[str, int]
    """Why configurations were not taken -> how many."""

    def as_values(self) -> dict[str, object]:
        """As plain values for JSON; ``from_values`` reads them."""
        taken = [
            {
                "assignment": dict(one.assignment),
                "status": str(one.status),
                "values": None if one.values is None else list(one.values),
                "curve": [[epoch, value] for epoch, value in one.curve.items()],
            }
            for one in self.taken
        ]
        return {"study": self.study, "taken": taken, "left": dict(self.left)}

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> "WarmStart":
        """What ``as_values`` told."""
        taken = cast("list[dict[str, object]]", values["taken"])
        return cls(
            study=str(values["study"]),
            taken=tuple(_earlier(one) for one in taken),
            left=cast("dict[str, int]", values["left"]),
        )


def gather(
    study: Study,
    config_of: Callable[[Assignment], TrialConfig],
    folder: StudyFolder,
    *,
    data_digest: str,
    baselines: Collection[str],
) -> WarmStart:
    """What ``study`` can learn from the study in ``folder``.

    Args:
        study: About to begin.
        config_of: The trial that an assignment of its space means, SCD queues resolved.
        folder: Of the earlier study, which may still run.
        data_digest: Of what ``study`` learns from.
        baselines: Trial keys of the single-task networks that ``study`` is measured against.

    Raises:
        ReportError: There is no such study.
    """
    record = folder.record()
    of_config: dict[str, list[TrialRecord]] = {}
    for trial in record.trials:
        if trial.phase is Phase.SEARCH:
            of_config.setdefault(trial.config_id, []).append(trial)
    incomparable = _incomparable(record, data_digest, baselines)
    if incomparable is not None:
        return WarmStart(folder.name, (), {incomparable: len(of_config)} if of_config else {})
    taken: list[Earlier] = []
    left: Counter[str] = Counter()
    for trials in of_config.values():
        try:
            taken.append(_taken(study, config_of, folder, tuple(trials)))
        except _LeftError as reason:
            left[str(reason)] += 1
    return WarmStart(folder.name, tuple(taken), dict(left))


class _LeftError(Exception):
    """Why one configuration cannot be taken."""


def _incomparable(earlier: StudyRecord, data_digest: str, baselines: Collection[str]) -> str | None:
    """Why no trial of the earlier study can be compared with one of this, if none can."""
    single = {r.trial_key for r in earlier.baselines if r.method in list(earlier.tasks)}
    if earlier.about.get("data_digest") != data_digest:
        return "data differ"
    if earlier.about.get("code_version") != code_version():
        return "code differs"
    return None if single == set(baselines) else "other baselines"


def _taken(
    study: Study,
    config_of: Callable[[Assignment], TrialConfig],
    folder: StudyFolder,
    trials: tuple[TrialRecord, ...],
) -> Earlier:
    """One configuration with all its seeds, in terms of the study's space.

    Raises:
        _LeftError: It cannot be taken; the message says why.
    """
    first, objectives = trials[0], study.search.objectives
    said = read_json(folder.trial(first.trial_key).path / "ask.json") or {}
    asked = cast("dict[str, Value]", said.get("assignment", {}))
    assignment = _in_space(study.space, asked, first.config)
    _check_same(config_of, assignment, first)
    tried = Tried(assignment, trials)
    values = tried.values(objectives)
    if values is None and (reason := _without_value(first, objectives)) is not None:
        raise _LeftError(reason)
    return Earlier(
        assignment=assignment,
        status=Status.PRUNED if values is None else Status.COMPLETED,
        values=values,
        curve=tried.curve(objectives[0]) if len(objectives) == 1 else {},
    )


def _without_value(first: TrialRecord, objectives: Sequence[str]) -> str | None:
    """Why there is nothing to learn from a configuration no seed of which has values."""
    match first.status:
        case Status.RUNNING:
            return "no value: it has not ended"
        case Status.FAILED:
            return "no value: it failed"
        case Status.COMPLETED:
            return f"no value: it does not report {', '.join(objectives)}"
        case Status.PRUNED if len(objectives) > 1:
            return "pruned, and there are several objectives"
        case Status.PRUNED:
            reported = first.last is not None and objectives[0] in first.last.metrics
            return None if reported else f"no value: it does not report {objectives[0]}"


def _in_space(space: Space, asked: Mapping[str, Value], config: Mapping[str, object]) -> Assignment:
    """What the space would have to draw; what was fixed in the earlier study, from its trial.

    Raises:
        _LeftError: The space cannot draw it.
    """

    def choose(parameter: Parameter) -> Value:
        name, domain = parameter.name, parameter.domain
        value = asked[name] if name in asked else cast("Value", at(config, parameter.path))
        if not holds(domain, value):
            raise _LeftError(f"outside this space: {parameter.path}, allowed {_told(domain)}")
        return value

    return space.draw(choose)


def _check_same(
    config_of: Callable[[Assignment], TrialConfig], assignment: Assignment, first: TrialRecord
) -> None:
    try:
        config = config_of(assignment)
    except ConfigError as error:
        raise _LeftError("outside this space: its values do not go together here") from error
    if config_id(config) == first.config_id:
        return
    there, here = json.loads(json.dumps(first.config)), plain(config)
    differing = list(_differing(there, here))
    more = f" and {len(differing) - NAMED} more" if len(differing) > NAMED else ""
    raise _LeftError(f"fixed values differ: {', '.join(differing[:NAMED])}{more}")


def _differing(there: Mapping[str, object], here: Mapping[str, object]) -> Iterator[str]:
    was, is_ = dict(leaves(there)), dict(leaves(here))
    for path in [*was, *(path for path in is_ if path not in was)]:
        if path not in is_:
            yield f"{path} was {was[path]}, is not there"
        elif path not in was:
            yield f"{path} was not there, is {is_[path]}"
        elif was[path] != is_[path]:
            yield f"{path} was {was[path]}, is {is_[path]}"


def _told(domain: Domain) -> str:
    if isinstance(domain, Choice):
        return ", ".join(str(option) for option in domain.options)
    return f"{domain.low:g} to {domain.high:g}"


def _earlier(values: Mapping[str, object]) -> Earlier:
    reached = cast("list[float] | None", values["values"])
    curve = cast("list[tuple[int, float]]", values["curve"])
    return Earlier(
        assignment=cast("dict[str, Value]", values["assignment"]),
        status=Status(str(values["status"])),
        values=None if reached is None else tuple(reached),
        curve=dict(curve),
    )
