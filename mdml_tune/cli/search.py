"""`mdml-tune search`: a study, start to end or from where it stopped."""

from pathlib import Path
from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg

Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        "--ray-address",
        envvar="RAY_ADDRESS",
        help="A Ray cluster: HOST:PORT, 'auto' on one of its hosts, or 'detect' for that where there "
        "is one (as the script search.py does); else this machine alone.",
    ),
]


def search(  # noqa: PLR0913 (one parameter per flag)
    space: arg.Space = arg.DEFAULT_SPACE,
    *,
    name: arg.Name = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    address: Address = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Configurations to try.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the sampler.")] = None,
    data_root: arg.DataRoot = None,
    set_values: arg.Set = None,
    max_gpu_hours: Annotated[
        float | None, typer.Option(help="Stop, with a valid ranking, at as many GPU-hours.")
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(help="Stop at this cost; needs budget.cost_per_gpu_hour.")
    ] = None,
    time_budget: Annotated[
        str | None, typer.Option(help="Stop after this time: 90m, 2h, 45s.")
    ] = None,
    warm_start: Annotated[
        str | None,
        typer.Option(metavar="STUDY", help="Tell the sampler the matching trials of this study."),
    ] = None,
    concurrency: arg.Concurrency = None,
    webhook: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="POST a JSON message at the end, a failure, a new leader."
        ),
    ] = None,
    on_event: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="Run this program then, told by MDML_EVENT and others."
        ),
    ] = None,
    status_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep the status here too, from the first moment on; else beside the study alone.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show the plan.")] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Archive what was there and begin anew.")
    ] = False,
) -> None:
    """Search SPACE: baselines, trials, confirmation of the best, ranking and report.

    What is done is not done again: after an interruption the same command goes on.
    """
    overrides = {
        "search.trials": trials,
        "search.seed": seed,
        "budget.gpu_hours": max_gpu_hours,
        "budget.cost": max_cost,
        "budget.wall_clock": None if time_budget is None else arg.hours(time_budget),
    }
    flags = [f"{path}={value}" for path, value in overrides.items() if value is not None]

    from mdml_tune.spaces.load import load_study
    from mdml_tune.tuning.finding import resolved
    from mdml_tune.tuning.reporting import kept

    with kept(status_file) as status:
        study = load_study(space, set_values=[*(set_values or []), *flags], name=name)
        address = resolved(address)
        if dry_run:
            from mdml_tune.cli.plan import show_plan

            data = arg.absolute(data_root)
            show_plan(study, data, storage, concurrency=concurrency, address=address)
            return

        from mdml_tune.cli.session import Session
        from mdml_tune.cli.watching.notify import hooks_of

        session = Session(study, storage, tracking_uri, hooks_of(webhook, on_event))
        raise typer.Exit(
            session.run(
                address=address,
                concurrency=concurrency,
                data_root=arg.absolute(data_root),
                fresh=fresh,
                warm_start=warm_start,
                status=status,
            )
        )
