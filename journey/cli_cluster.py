"""The commands for a run on a Kubernetes cluster. As in cli.py, everything heavy is imported inside them."""

import sys
from typing import Annotated

import typer

from journey.cli_options import Parameters, examples

commands = typer.Typer(rich_markup_mode=None)

Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", help="Default: the context's, else customer-journey.")
]
Context = Annotated[str | None, typer.Option("--context", help="Context of the kube config. Default: the current one.")]
Again = Annotated[bool, typer.Option("--again", help="Run windows anew that succeeded before.")]


@commands.command(
    epilog=examples(
        "journey apply",
        "journey apply --dry-run",
        "journey apply --suspend",
        "journey apply --context gke-shop -n analytics -p 'cron_schedule=0 6 * * *'",
    )
)
def apply(
    parameter: Parameters = None,
    namespace: Namespace = None,
    context: Context = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Let the cluster judge, change nothing.")] = False,
    suspend: Annotated[
        bool | None, typer.Option("--suspend/--resume", help="Whether the schedule rests. Default: as it is.")
    ] = None,
) -> None:
    """Bring template and schedule onto the cluster.

    Defaults come from the installation's ConfigMap customer-journey-parameters; -p wins, as in `journey render`.
    """
    from workflows.cluster.apply import apply as bring
    from workflows.cluster.connection import connect
    from workflows.parameters import pairs

    given = pairs(parameter or [])
    cluster = connect(context, namespace)
    for one in bring(cluster, given, suspend, dry_run):
        print(f"{one.kind} {one.name} {one.change}{' (dry run)' if dry_run else ''} in namespace {cluster.namespace}")


@commands.command(
    epilog=examples(
        "journey submit --watch",
        "journey submit -p start=2020-11-01 -p end=2020-11-30 --watch",
        "journey submit --name by-hand -p full_reload=true",
    )
)
def submit(
    parameter: Parameters = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show the tasks until the run has ended.")] = False,
    name: Annotated[
        str | None, typer.Option(help="Name of the run. Default: customer-journey- and five letters.")
    ] = None,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Start a run on the cluster, and print its name.

    With --watch the exit code is the run's: 0 it succeeded, 1 it failed. 2: nothing was started.
    """
    from workflows.cluster.connection import connect
    from workflows.cluster.submit import submit as start
    from workflows.cluster.submit import watch as show
    from workflows.parameters import pairs

    given = pairs(parameter or [])
    cluster = connect(context, namespace)
    started = start(cluster, given, name)["metadata"]["name"]
    print(started, flush=True)
    if watch:
        sys.exit(show(cluster, started))


@commands.command(
    epilog=examples(
        "journey backfill --start 2026-01-01 --end 2026-06-30",
        "journey backfill --start 2026-01-01 --end 2026-01-31 --by-days 7 --dry-run",
    )
)
def backfill(
    start: Annotated[str, typer.Option("--start", help="First day to load, UTC, YYYY-MM-DD.")],
    end: Annotated[str, typer.Option("--end", help="Last day to load, inclusive.")],
    by_days: Annotated[int, typer.Option("--by-days", min=1, help="Days of one run.")] = 31,
    parameter: Parameters = None,
    again: Again = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which runs there would be.")] = False,
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Load days that are long past, window by window.

    One run after the other. A window that runs already is waited for, one that succeeded is left out.
    """
    from journey.settings import Settings
    from workflows.cluster.backfill import backfill as bring
    from workflows.cluster.backfill import windows
    from workflows.cluster.connection import connect
    from workflows.parameters import pairs

    given = pairs(parameter or [])
    days = Settings.from_parameters({"start": start, "end": end}).window
    if days is None:
        from journey.errors import BadInput

        raise BadInput("a backfill needs its days: give --start and --end")
    cluster = connect(context, namespace)
    sys.exit(bring(cluster, windows(days.start, days.end, by_days), given, again, dry_run))
