"""How a study's tasks are related, found out from its baselines before SCD can name a trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from mdml_tune.config.data import DataConfig
from mdml_tune.data.load import load_split
from mdml_tune.data.split import SplitName
from mdml_tune.errors import MdmlTuneError
from mdml_tune.records import Scores, TrialRecord
from mdml_tune.scd.complexity import complexity
from mdml_tune.scd.partition import Matrix
from mdml_tune.scd.relations import Kind, Needs, Relations
from mdml_tune.scd.similarity import similarity_of
from mdml_tune.spaces.plan import Resources
from mdml_tune.storage.atomic import read_json, write_json
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.storage.trials import TrialFolder
from mdml_tune.tasks import Task
from mdml_tune.training.kept import kept_network
from mdml_tune.trial import prepare_torch


class RelatingFailedError(MdmlTuneError, RuntimeError):
    """The similarities between tasks could not be computed."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The ended baselines of one seed: what similarities are read from."""

    data: DataConfig
    data_root: Path | None
    teachers: Mapping[Task, Path]
    equal_weighting: Path | None
    kinds: tuple[Kind, ...]
    threads: int


def read_relations(folder: StudyFolder, needs: Needs) -> Relations | None:
    """What the study has found out already; none where it lacks something of ``needs``."""
    values = read_json(folder.relations)
    if values is None:
        return None
    relations = Relations.from_values(values)
    enough = needs.similarities <= set(relations.similarity) and (
        relations.complexity is not None or not needs.complexity
    )
    return relations if enough else None


def write_relations(folder: StudyFolder, relations: Relations) -> None:
    write_json(folder.relations, relations.as_values())


def relate(evidence: Evidence) -> dict[Kind, Matrix]:
    """The similarities that one seed's baselines show, in this process."""
    device = prepare_torch(evidence.threads)
    split = load_split(evidence.data, SplitName.TRAIN, evidence.data_root).resident(device)
    tasks = evidence.data.tasks
    teachers = {
        task: kept_network(TrialFolder(path), split.classes, device)
        for task, path in evidence.teachers.items()
    }
    together = None
    if evidence.equal_weighting is not None:
        together = kept_network(TrialFolder(evidence.equal_weighting), split.classes, device)
    return {kind: similarity_of(kind, teachers, together, split, tasks) for kind in evidence.kinds}


def relate_on(resources: Resources, evidence: Sequence[Evidence]) -> list[dict[Kind, Matrix]]:
    """The same for each seed, on workers.

    Raises:
        RelatingFailedError: One of them failed; the message says why.
    """
    remote: Any = ray.remote(relate).options(  # pyright: ignore[reportFunctionMemberAccess]
        num_cpus=resources.cpus, num_gpus=resources.gpus
    )
    try:
        return ray.get([remote.remote(one) for one in evidence])
    except RayError as error:
        raise RelatingFailedError(
            f"The similarities between tasks could not be computed: {error}. Mend the cause and "
            f"start the study again: it goes on from here."
        ) from error


def relations_from(
    tasks: tuple[Task, ...],
    similarities: Sequence[Mapping[Kind, Matrix]],
    together: Sequence[TrialRecord],
    *,
    single: Scores,
    seeds: int,
) -> Relations:
    """What all seeds show together.

    Args:
        tasks: In the vocabulary's order.
        similarities: Of each seed.
        together: The networks of equal weighting, one per seed; empty where nobody needs them.
        single: Val scores of the single-task baselines, averaged over seeds.
        seeds: Of the baselines.
    """
    kinds: list[Kind] = list(similarities[0]) if similarities else []
    return Relations.of_seeds(
        tasks,
        {kind: [one[kind] for one in similarities] for kind in kinds},
        [complexity(record.scores("val") or {}, single, tasks) for record in together],
        seeds=seeds,
    )
