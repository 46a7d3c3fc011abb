"""What the baselines say about the tasks: asked for only where a trial depends on it."""

from collections.abc import Callable

import pytest

from mdml_tune.records import EpochReport, Phase, Status, TrialRecord
from mdml_tune.scd.relations import Needs
from mdml_tune.spaces.study import Study
from mdml_tune.storage.studies import StudyFolder
from mdml_tune.tasks import Task
from mdml_tune.tuning.baselines import EQUAL_WEIGHTING, NOTHING, Baselines, reference
from mdml_tune.tuning.relating import read_relations, relations_from, write_relations

TASKS = (Task.SEGMENTATION, Task.DEPTH)


def of(study: Study, folder: StudyFolder, **settings: object) -> Baselines:
    return Baselines(
        study=study, storage=folder.storage, data_digest="0", data_root=None, **settings
    )


@pytest.mark.parametrize(
    ("scd", "expected", "networks"),
    [
        (None, NOTHING, 0),
        ({"blocks": "one"}, NOTHING, 0),
        ({"queue": [["depth"], ["segmentation"]]}, NOTHING, 0),
        ({"blocks": "each", "order": "random"}, NOTHING, 0),
        ({"blocks": "each"}, Needs(frozenset(), complexity=True), 2),
        ({"order": "random"}, Needs(frozenset(["linear_cka"]), complexity=False), 0),
        ({"order": "random", "similarity": "gradient_cosine"}, Needs(frozenset(["gradient_cosine"]), complexity=False), 2),
        ({"similarity": {"choice": ["linear_cka", "rsa_spearman"]}}, Needs(frozenset(["linear_cka", "rsa_spearman"]), complexity=True), 2),
    ],
)  # fmt: skip
def test_only_what_is_needed_is_found_out(
    make_study: Callable[..., Study],
    folder: StudyFolder,
    scd: dict[str, object] | None,
    expected: Needs,
    networks: int,
) -> None:
    if scd is not None:
        scd = {"stage_epochs": 1} | scd
    study = make_study(trial=make_study().trial | {"scd": scd})
    baselines = of(study, folder)
    assert baselines.needs == expected
    jobs = baselines.equal_weighting_jobs()
    assert len(jobs) == networks
    assert all(job.record.method == EQUAL_WEIGHTING for job in jobs)
    assert all(job.config.data.tasks == TASKS and job.config.peers == 1 for job in jobs)
    assert len(baselines.evidence()) == (2 if expected.similarities else 0)


def test_somebody_may_ask_for_more(make_study: Callable[..., Study], folder: StudyFolder) -> None:
    asked = Needs(frozenset(["rsa_spearman"]), complexity=True)
    assert of(make_study(), folder, asked=asked).needs == asked


def record_of(method: str, seed: int, scores: dict[str, float]) -> TrialRecord:
    report = EpochReport(1, 1, {f"val/{name}": value for name, value in scores.items()})
    return TrialRecord(
        trial_key=f"t{method}{seed}", config_id="c", phase=Phase.BASELINE, seed=seed,
        method=method, status=Status.COMPLETED, history=(report,),
    )  # fmt: skip


def test_complexity_is_the_loss_against_the_mean_of_the_single_task_networks() -> None:
    single = [
        record_of("segmentation", 0, {"segmentation/miou": 0.4, "segmentation/pix_acc": 0.8}),
        record_of("segmentation", 1, {"segmentation/miou": 0.6, "segmentation/pix_acc": 0.8}),
        record_of("depth", 0, {"depth/abs_err": 1.0, "depth/rel_err": 0.2}),
        record_of("depth", 1, {"depth/abs_err": 3.0, "depth/rel_err": 0.2}),
    ]
    together = [
        record_of(
            EQUAL_WEIGHTING,
            seed,
            {"segmentation/miou": 0.5, "segmentation/pix_acc": 0.8, "depth/rel_err": 0.2}
            | {"depth/abs_err": 2.0 + seed},
        )
        for seed in (0, 1)
    ]
    matrices = [{"linear_cka": ((1.0, s), (s, 1.0))} for s in (0.2, 0.4)]
    relations = relations_from(TASKS, matrices, together, single=reference(single), seeds=2)
    assert relations.seeds == 2
    assert relations.similarity["linear_cka"][0][1] == pytest.approx(0.3)
    # Depth: 2 against 2, then 3 against 2: 50 % of one of its two metrics, in one of two seeds.
    assert relations.complexity == {
        Task.SEGMENTATION: pytest.approx(0),
        Task.DEPTH: pytest.approx(12.5),
    }
    assert [seed[Task.DEPTH] for seed in relations.complexity_per_seed] == pytest.approx([0, 25])


def test_what_is_stored_is_read_again_if_it_is_enough(folder: StudyFolder) -> None:
    one = [{"linear_cka": ((1.0, 0.3), (0.3, 1.0))}]
    relations = relations_from(TASKS, one, [], single={}, seeds=1)
    assert read_relations(folder, NOTHING) is None
    write_relations(folder, relations)
    assert read_relations(folder, NOTHING) == relations
    assert read_relations(folder, Needs(frozenset(["linear_cka"]), complexity=False)) == relations
    assert read_relations(folder, Needs(frozenset(["linear_cka"]), complexity=True)) is None
    assert read_relations(folder, Needs(frozenset(["rsa_spearman"]), complexity=False)) is None
