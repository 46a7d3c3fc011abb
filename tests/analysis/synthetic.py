"""Studies built by hand: their true Δm is known."""

import random
from collections.abc import Mapping, Sequence

from mdml_tune.records import EpochReport, Phase, Status, StudyRecord, TrialRecord, Value
from mdml_tune.tasks import METRICS, Task, metrics_of

TASKS = (Task.SEGMENTATION, Task.DEPTH, Task.NORMALS)

SINGLE = {
    "segmentation/miou": 0.40,
    "segmentation/pix_acc": 0.65,
    "depth/abs_err": 0.60,
    "depth/rel_err": 0.25,
    "normals/mean_angle": 25.0,
    "normals/median_angle": 19.0,
    "normals/within_11.25": 0.30,
    "normals/within_22.5": 0.57,
    "normals/within_30": 0.69,
}


def scores(gain: float, tasks: Sequence[Task] = TASKS) -> dict[str, float]:
    """Scores whose Δm against ``SINGLE`` is ``gain`` percent, in every metric alike."""
    return {
        m.path: SINGLE[m.path] * (1 + (gain if m.higher_is_better else -gain) / 100)
        for m in metrics_of(tasks)
    }


def history(
    final: Mapping[str, float], gain: float, epochs: int = 3, gap: float = 0.02, start: int = 0
) -> tuple[EpochReport, ...]:
    """Reports that reach ``final`` in the last epoch."""
    reports: list[EpochReport] = []
    for epoch in range(1, epochs + 1):
        behind = 1 - epoch / epochs
        metrics = {
            f"val/{m.path}": final[m.path] * (1 + (-0.3 if m.higher_is_better else 0.3) * behind)
            for m in metrics_of(TASKS)
            if m.path in final
        }
        metrics |= {f"gap/{path}": gap * value for path, value in final.items()}
        metrics |= {"val/delta_m": gain - 20 * behind, "time/epoch_seconds": 60.0}
        reports.append(EpochReport(epoch, 1000 * (start + epoch), metrics))
    return tuple(reports)


def baseline(
    task: Task, seed: int, factor: float = 1.0, *, tested: bool = True, gap: float = 0.05
) -> TrialRecord:
    final = {metric.path: SINGLE[metric.path] * factor for metric in METRICS[task]}
    return TrialRecord(
        trial_key=f"tb{task}{seed}",
        config_id=f"cb{task}",
        phase=Phase.BASELINE,
        seed=seed,
        method=str(task),
        status=Status.COMPLETED,
        history=history(final, 0.0, gap=gap),
        test=final if tested else None,
        seconds=180.0,
    )


def baselines(
    tasks: Sequence[Task] = TASKS,
    factors: Sequence[float] = (1.0, 1.0, 1.0),
    *,
    tested: bool = True,
) -> tuple[TrialRecord, ...]:
    return tuple(
        baseline(task, seed, factor, tested=tested)
        for task in tasks
        for seed, factor in enumerate(factors)
    )


def searched(  # noqa: PLR0913 (a test says what it needs)
    config_id: str,
    gain: float,
    *,
    number: int = 0,
    seed: int = 0,
    status: Status = Status.COMPLETED,
    epochs: int = 3,
    method: str | None = None,
    parameters: Mapping[str, Value] | None = None,
    failure: str | None = None,
    gpus: float = 0.0,
) -> TrialRecord:
    return TrialRecord(
        trial_key=f"t{config_id}s{seed}",
        config_id=config_id,
        phase=Phase.SEARCH,
        seed=seed,
        number=number,
        method=method,
        parameters=parameters or {},
        config={"training": {"epochs": epochs}, "name": config_id},
        status=status,
        failure=failure,
        history=history(scores(gain), gain, epochs, start=10 * number) if epochs else (),
        seconds=60.0 * epochs,
        gpus=gpus,
    )


def confirmed(  # noqa: PLR0913 (a test says what it needs)
    config_id: str,
    gain: float,
    seed: int,
    *,
    method: str | None = None,
    parameters: Mapping[str, Value] | None = None,
    status: Status = Status.COMPLETED,
    ensemble: float | None = None,
    gap: float = 0.02,
    failure: str | None = None,
) -> TrialRecord:
    test = scores(gain)
    if ensemble is not None:
        test |= {f"ensemble/{path}": value for path, value in scores(ensemble).items()}
    return TrialRecord(
        trial_key=f"t{config_id}s{seed}",
        config_id=config_id,
        phase=Phase.CONFIRM,
        seed=seed,
        method=method,
        parameters=parameters or {},
        config={"training": {"epochs": 3}, "name": config_id},
        status=status,
        failure=failure,
        history=history(scores(gain), gain, gap=gap, start=1000),
        test=test if status is Status.COMPLETED else None,
        seconds=180.0,
    )


def study(
    *trials: TrialRecord,
    references: Sequence[TrialRecord] | None = None,
    name: str = "demo",
    methods: Sequence[str] = (),
    about: Mapping[str, object] | None = None,
) -> StudyRecord:
    return StudyRecord(
        name=name,
        tasks=TASKS,
        baselines=tuple(baselines() if references is None else references),
        trials=trials,
        study={"methods": {name: {} for name in methods}} if methods else {},
        about=about or {},
    )


def rich_study(count: int = 40, epochs: int = 30) -> StudyRecord:
    """Like a real one: methods, conditional parameters, noise, pruned and failed trials."""
    noise = random.Random(0)
    names = ("single network", "independent peers", "mutual", "mutual + SCD")
    merit = dict(zip(names, (2.0, 2.3, 4.5, 5.2), strict=True))
    trials: list[TrialRecord] = []
    for number in range(count):
        method = names[number % 4]
        gain = merit[method] + noise.gauss(0, 1.2)
        weight = 10 ** noise.uniform(-1.5, 0.5)
        parameters: dict[str, Value] = {
            "method": method,
            "training.optimizer.learning_rate": 10 ** noise.uniform(-4, -2),
            "mutual.weight.depth": weight if "mutual" in method else None,
            "mutual.warmup_epochs": noise.randint(0, 10) if "mutual" in method else None,
            "scd": "linear_cka" if "SCD" in method else "none",
            "scd.grouping_threshold": noise.random() if "SCD" in method else None,
        }
        status, length, failure = Status.COMPLETED, epochs, None
        if number % 3 == 2:
            status, length, gain = Status.PRUNED, epochs // 3, gain - 6
        if number % 13 == 7:
            status, failure = Status.FAILED, "loss is not finite in epoch 4 (task depth) <b>&"
        trials.append(
            searched(
                f"c{number:07x}", gain, number=number, status=status, epochs=length, method=method,
                parameters=parameters, failure=failure,
            )
        )  # fmt: skip
    best: dict[str, TrialRecord] = {}
    for trial in sorted(trials, key=lambda t: -(t.last.metrics["val/delta_m"] if t.last else 0)):
        if trial.status is Status.COMPLETED:
            best.setdefault(str(trial.method), trial)
    for name, trial in best.items():
        for seed in (1000, 1001, 1002):
            peers = name != "single network"
            gain = merit[name] + 0.3 * (seed - 1001) + noise.gauss(0, 0.3)
            trials.append(
                confirmed(
                    trial.config_id, gain, seed, method=name, parameters=trial.parameters,
                    ensemble=gain + 1.0 + noise.gauss(0, 0.2) if peers else None,
                    gap=0.02 if "mutual" in name else 0.045 + noise.gauss(0, 0.004),
                )
            )  # fmt: skip
    references = [
        baseline(task, seed, 1 + noise.gauss(0, 0.006)) for task in TASKS for seed in range(3)
    ]
    return study(
        *trials,
        references=references,
        name="rooms-mdml-scd",
        methods=names,
        about={
            "versions": {"mdml_tune": "0.1.0", "torch": "2.9.1", "ray": "2.60.0"},
            "git_commit": "58a44271f0aa",
            "data_digest": "d41d8cd98f00b204",
            "started": "2026-11-20T20:15:00Z",
        },
    )
