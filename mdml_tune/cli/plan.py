"""What a study would do, without doing it."""

from pathlib import Path

from rich.console import Console

from mdml_tune.cli.data_sets import progress
from mdml_tune.cli.networks import check_networks
from mdml_tune.data.load import check_data
from mdml_tune.spaces.study import Study


def show_plan(study: Study, data_root: Path | None) -> None:
    """Check what can be checked without a cluster, and print the phases with their most epochs.

    Raises:
        UnavailableError: The data, or a network's weights, are not there.
        DataError: The data are corrupt.
    """
    check_networks(study)
    with progress() as bar:
        check_data(study.data, data_root, bar)
    networks = len(study.tasks) * study.baseline.seeds
    epochs = study.baseline_config(study.tasks[0]).training.epochs
    lines = [
        f"study     {study.name}: {', '.join(study.tasks)} on {study.data.dataset}",
        f"space     {', '.join(p.path for p in study.space.parameters) or 'one configuration'}",
        f"baselines {networks} single-task networks, {networks * epochs} epochs at most "
        f"(those found in the storage are not trained again)",
        f"search    {study.search.trials} trials ({study.search.sampler.kind}), "
        f"{study.search.trials * study.epochs} epochs at most",
    ]
    if study.confirm is not None and study.confirm.top:
        runs = study.confirm.top * study.confirm.seeds
        lines.append(f"confirm   {runs} trials, {runs * study.epochs} epochs")
    Console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
