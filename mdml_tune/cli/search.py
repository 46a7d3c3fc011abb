"""`mdml-tune search`: a study, start to end or from where it stopped."""

from typing import Annotated

import typer

from mdml_tune.cli import arguments as arg


def search(  # noqa: PLR0913 (one parameter per flag)
    space: arg.Space = arg.DEFAULT_SPACE,
    *,
    name: arg.Name = None,
    storage: arg.Storage = arg.DEFAULT_STORAGE,
    tracking_uri: arg.TrackingUri = arg.DEFAULT_TRACKING,
    address: arg.Address = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Configurations to try.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the sampler.")] = None,
    data_root: arg.DataRoot = None,
    set_values: arg.Set = None,
    max_gpu_hours: Annotated[
        float | None, typer.Option(help="Start no more trials after as many GPU-hours.")
    ] = None,
    time_budget: Annotated[
        str | None, typer.Option(help="Start no more trials after this time: 90m, 2h.")
    ] = None,
    concurrency: arg.Concurrency = None,
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
        "budget.wall_clock": None if time_budget is None else arg.hours(time_budget),
    }
    flags = [f"{path}={value}" for path, value in overrides.items() if value is not None]

    from mdml_tune.spaces.load import load_study

    study = load_study(space, set_values=[*(set_values or []), *flags], name=name)
    if dry_run:
        from mdml_tune.cli.plan import show_plan

        show_plan(study, data_root)
        return

    from mdml_tune.cli.session import Session

    session = Session.at(study, storage, tracking_uri)
    raise typer.Exit(
        session.run(
            address=address,
            concurrency=concurrency,
            data_root=arg.absolute(data_root),
            fresh=fresh,
        )
    )
