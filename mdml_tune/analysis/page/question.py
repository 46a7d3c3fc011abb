"""What a study asks, in a sentence, and the terms on which it asks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from mdml_tune.analysis.finalists import methods
from mdml_tune.records import StudyRecord
from mdml_tune.spaces.domains import is_domain

_MOST_NAMED = 8
"""Names that a sentence holds; the others are counted."""

_SEARCHED = "searched"


class Fact(NamedTuple):
    name: str
    text: str


def question(study: StudyRecord) -> str:
    """Which methods, or which settings, are compared, and by what."""
    over = f"over single-task networks on {listed([str(task) for task in study.tasks])}"
    named, settings = methods(study), searched_settings(study)
    if len(named) > 1:
        tuned = f", with {listed(settings)} searched," if settings else ""
        return f"Which of {len(named)} methods ({listed(named)}){tuned} gains most {over}?"
    if settings:
        return f"With which {listed(settings)} does training gain most {over}?"
    return f"What does the configuration gain {over}?"


def searched_settings(study: StudyRecord) -> list[str]:
    """Dotted paths of what the study file leaves to the search, methods' own included."""
    overrides = _section(study.study, "methods").values()
    trees = [_section(study.study, "trial"), *(_mapping(tree) for tree in overrides)]
    return list(dict.fromkeys(path for tree in trees for path in _domains(tree)))


def terms(study: StudyRecord) -> list[Fact]:
    """Data, network, search, confirmation and limits; of what the study file says nothing, nothing."""
    file = study.study
    trial = _section(file, "trial")
    found = [
        Fact("data", _data(_section(trial, "data"))),
        Fact("network", _network(_section(trial, "network"), _section(trial, "training"))),
        Fact("peers", _peers(_section(trial, "mutual").get("peers"))),
        Fact("search", _search(_section(file, "search"))),
        Fact("confirmation", _confirmation(_section(file, "confirm"))),
        Fact("single-task networks", _seeds(_section(file, "baseline").get("seeds"))),
        Fact("limits", _limits(_section(file, "budget"))),
    ]
    return [fact for fact in found if fact.text]


def listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} others"]
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def _data(data: Mapping[str, object]) -> str:
    sizes = [
        f"{_value(data[f'{split}_size'])} {split}"
        for split in ("train", "val", "test")
        if data.get(f"{split}_size") is not None
    ]
    shape = data.get("image_size")
    numbers = f"images: {', '.join(sizes)}" if sizes else ""
    return _joined(
        _value(data.get("dataset")),
        numbers,
        f"{' × '.join(map(_value, _list(shape)))} pixels" if _list(shape) else "",
    )


def _network(network: Mapping[str, object], training: Mapping[str, object]) -> str:
    kind = _value(network.get("kind"))
    others = [f"{name} {_value(of)}" for name, of in network.items() if name != "kind"]
    epochs = _value(training.get("epochs"))
    return _joined(kind, *others, f"{epochs} epochs" if epochs else "")


def _peers(peers: object) -> str:
    """Their number, which a list of networks says too."""
    networks = _list(peers)
    return str(len(networks)) if networks else _value(peers)


def _search(search: Mapping[str, object]) -> str:
    sampler = _value(_section(search, "sampler").get("kind"))
    stopping = _value(_section(search, "early_stopping").get("kind"))
    count = _value(search.get("trials"))
    return _joined(
        f"{count} configurations" if count else "",
        f"proposed by {sampler}" if sampler else "",
        f"stopped early by {stopping}" if stopping else "",
        f"judged on val by {listed(_texts(search.get('objective')))}" if count else "",
    )


def _confirmation(confirm: Mapping[str, object]) -> str:
    top, seeds = _value(confirm.get("top")), _value(confirm.get("seeds"))
    return f"the best {top}, on {seeds} fresh seeds each and the test split" if top else ""


def _seeds(seeds: object) -> str:
    return f"{_value(seeds)} seeds of each task" if seeds else ""


def _limits(budget: Mapping[str, object]) -> str:
    given = [f"{name.replace('_', ' ')} {_value(of)}" for name, of in budget.items() if of]
    return _joined(*given)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _texts(value: object) -> list[str]:
    return [str(one) for one in _list(value)] or [_value(value)]


def _value(value: object) -> str:
    if value is None:
        return ""
    return _SEARCHED if isinstance(value, Mapping) else str(value)


def _list(value: object) -> list[object]:
    return list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else []


def _section(tree: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _mapping(tree.get(name))


def _mapping(value: object) -> Mapping[str, object]:
    """What stands there, unless it is a domain or nothing."""
    if isinstance(value, Mapping) and not is_domain(value):
        return cast("Mapping[str, object]", value)
    return {}


def _domains(tree: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if is_domain(value):
            yield f"{prefix}{key}"
        elif isinstance(value, Mapping):
            yield from _domains(cast("Mapping[str, object]", value), f"{prefix}{key}.")
