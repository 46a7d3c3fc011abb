"""A study that has really been trained, in seconds and without Ray."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from mdml_tune.config.identity import config_id, trial_key
from mdml_tune.config.load import load_trial, single_task
from mdml_tune.config.schema import plain
from mdml_tune.config.trial import TrialConfig
from mdml_tune.data.load import data_digest
from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.storage.studies import Storage, StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.trial import TrialContext, run_trial, score_test
from mdml_tune.tuning.baselines import reference
from mdml_tune.tuning.provenance import about

NAME = "small"
TRIAL = {
    "data": {
        "dataset": "rooms",
        "tasks": ["segmentation", "depth"],
        "train_size": 4,
        "val_size": 2,
        "test_size": 2,
        "image_size": [16, 24],
    },
    "network": {"kind": "unet", "width": 4},
    "training": {"epochs": 3, "batch_size": 2},
    "mutual": {"peers": 2, "weight": 0.5},
}


_made: list[tuple[Path, dict[str, str]]] = []


def trained_once(factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The storage, and the keys of its trials by what they are: shared, so copy what you change."""
    if not _made:
        location = factory.mktemp("trained") / "runs"
        _made.append((location, train_study(location)))
    return _made[0]


class Enough(Exception):  # noqa: N818
    pass


def train_study(location: Path) -> dict[str, str]:
    """Two seeds of baselines, and one trial of each kind; their keys by what they are."""
    folder = Storage.at(str(location)).study(NAME)
    config = load_trial(TRIAL)
    digest = data_digest(config.data, None)
    folder.open({"study": NAME, "trial": TRIAL}, config.data.tasks, about(digest, "s"))
    keys: dict[str, str] = {}
    for task in config.data.tasks:
        for seed in (0, 1):
            single = single_task(config, task)
            key = trial_key(single, seed, digest)
            keys[f"{task} {seed}"] = key
            place = folder.storage.baseline(key)
            who = {"phase": Phase.BASELINE, "method": str(task)}
            context = train(place, single, key, seed, who, keep_checkpoint=True)
            score_test(single, context)
    folder.refer_to(list(keys.values()))
    baseline = reference(list(folder.record().baselines))
    distilled = load_trial(
        TRIAL | {"scd": {"queue": [["depth"], ["segmentation"]], "stage_epochs": 1}}
    )
    teachers = {task: keys[f"{task} 1"] for task in config.data.tasks}
    for name, one, phase, seed, settings in (
        ("search", config, Phase.SEARCH, 0, {}),
        ("pruned", load_trial(TRIAL | {"mutual": {"weight": 0.1}}), Phase.SEARCH, 0, {"stop": 2}),
        ("confirm", config, Phase.CONFIRM, 1000, {"read_test": True, "keep_checkpoint": True}),
        ("distilled", distilled, Phase.CONFIRM, 1001, {"read_test": True, "teachers": teachers}),
    ):
        taught_by = settings.get("teachers", {})
        key = trial_key(one, seed, digest, list(taught_by.values()))
        keys[name] = key
        settings["teachers"] = {t: folder.storage.baseline(k).path for t, k in taught_by.items()}
        who = {"phase": phase, "number": 0 if phase is Phase.SEARCH else None}
        train(folder.trial(key), one, key, seed, who, baseline=baseline, **settings)
    return keys


def train(
    place: TrialFolder,
    config: TrialConfig,
    key: str,
    seed: int,
    who: Mapping[str, object],
    *,
    stop: int | None = None,
    **settings: object,
) -> TrialContext:
    place.open(
        TrialRecord(
            trial_key=key, config_id=config_id(config), seed=seed, config=plain(config), **who
        )
    )
    context = TrialContext(seed=seed, folder=place, **settings)

    def tell(report: EpochReport) -> None:
        if report.epoch == stop:
            raise Enough

    try:
        run_trial(config, context, tell)
    except Enough:
        place.close(Status.PRUNED)
    return context


def of(location: Path) -> StudyFolder:
    return Storage.at(str(location)).study(NAME)
