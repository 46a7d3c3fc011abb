"""Asking a study's best configuration and its baselines what they see in a few test images."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil, nan
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mdml_tune.config.data import DataConfig, RoomsData
from mdml_tune.config.load import load_trial
from mdml_tune.data.load import load_split
from mdml_tune.data.split import Examples, SplitName
from mdml_tune.errors import MdmlTuneError, UnavailableError
from mdml_tune.predicting.reported import reported_peer
from mdml_tune.records import Scores, TrialRecord
from mdml_tune.storage.samples import TYPES, Answers, Asked, NotMade, Samples, write_samples
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import METRICS, Task
from mdml_tune.training.evaluate import evaluate
from mdml_tune.training.predictions import Arrays, predict
from mdml_tune.trial import prepare_torch

LONGEST = 400
"""Pixels of the longer side that are kept: more than a panel of a figure has."""

logger = logging.getLogger(__name__)


def keep_samples(folder: StudyFolder, asked: Asked, data_root: Path | None) -> Samples | NotMade:
    """Ask, and keep the answers in the study's folder; or why there are none.

    No result depends on them, so that whatever goes wrong is no more than a reason.
    """
    try:
        samples = make_samples(folder, asked, data_root)
        write_samples(folder, samples)
    except (
        Exception
    ) as error:  # a network of the user's own may raise anything; the disk may be full
        logger.debug("No samples of study %s", folder.name, exc_info=True)
        return NotMade(_reason(error))
    return samples


def make_samples(folder: StudyFolder, asked: Asked, data_root: Path | None) -> Samples:
    """What the networks say of the first test images, and how well on each.

    Raises:
        UnavailableError: A checkpoint was not kept, or the data are not there.
        DataError: The data cannot be read.
    """
    places = asked.places(folder)
    records = {key: _record(place) for key, place in places.items()}
    record = records[asked.ours]
    data = load_trial(record.config).data
    device = prepare_torch(max(1, int(record.cpus)))
    examples = _first(data, asked, data_root).to(device)
    ours, ours_scores = _say(places[asked.ours], record, examples, data.tasks)
    answers: dict[Task, Answers] = {}
    for task in data.tasks:
        key = asked.single[task]
        single, single_scores = _say(places[key], records[key], examples, (task,))
        primary = METRICS[task][0].path
        answers[task] = Answers(
            target=_thinned(ours[f"{task}/target"]).astype(TYPES[task]),
            valid=_thinned(ours[f"{task}/valid"]),
            single=_thinned(single[f"{task}/prediction"]).astype(TYPES[task]),
            ours=_thinned(ours[f"{task}/prediction"]).astype(TYPES[task]),
            single_scores=_column(single_scores, primary),
            ours_scores=_column(ours_scores, primary),
        )
    images = (examples.images.cpu().numpy() * 255).round().astype(np.uint8)
    return Samples(
        asked=asked,
        images=_thinned(images),
        answers=answers,
        classes=examples.classes,
        inverse_depth=examples.inverse_depth,
    )


def _first(data: DataConfig, asked: Asked, data_root: Path | None) -> Examples:
    """The images that are asked about, on the CPU."""
    if isinstance(data, RoomsData):  # scenes do not depend on how many follow, and cost time
        data = replace(data, test_size=min(asked.count, data.test_size))
    split = load_split(data, SplitName.TEST, data_root)
    return split.batch(torch.arange(min(asked.count, len(split))))


def _say(
    place: TrialFolder, record: TrialRecord, examples: Examples, tasks: Sequence[Task]
) -> tuple[Arrays, list[Scores]]:
    """Predictions of ``tasks``, and scores of each image by itself."""
    config = load_trial(record.config)
    peer = reported_peer(place, config, examples.classes, examples.device)
    alone = [examples.batch(torch.tensor([index])) for index in range(len(examples))]
    return predict(peer, examples, tasks, 1), [evaluate([peer], one, tasks, 1) for one in alone]


def _record(place: TrialFolder) -> TrialRecord:
    record = place.record()
    if record is None:
        raise UnavailableError(f"the trial {place.path.name} is not in the storage any more")
    return record


def _column(scores: Sequence[Mapping[str, float]], path: str) -> tuple[float, ...]:
    return tuple(of_image.get(path, nan) for of_image in scores)


def _thinned(values: NDArray[Any]) -> NDArray[Any]:
    """Every so many pixels of the last two axes; labels cannot be averaged."""
    step = ceil(max(values.shape[-2:]) / LONGEST)
    return values[..., ::step, ::step]


def _reason(error: Exception) -> str:
    line = next(iter(str(error).splitlines()), "")
    return line if isinstance(error, MdmlTuneError) else f"{type(error).__name__}: {line}"
