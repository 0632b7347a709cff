"""The command line. Every import of a stage is inside its command, so that `journey --help` loads none of them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from journey.cli_cluster import commands as cluster_commands
from journey.cli_options import Parameters, examples, start
from journey.cli_stages import commands as stage_commands
from journey.errors import BadInput
from journey.scenarios import DESCRIPTIONS, ScenarioName

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help through Rich takes three times as long
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Reconciles what browsers reported to GA4 with what the shop's PostgreSQL says was paid.",
    epilog="A first run: `journey run`. Settings are environment variables: docs/settings.md.",
)


class Table(StrEnum):
    """Formats of `journey query`."""

    table = "table"
    json = "json"
    csv = "csv"


class Backend(StrEnum):
    """Where orders come from."""

    synthetic = "synthetic"
    existing = "existing"


State = Annotated[Path, typer.Option("--state", help="Folder of the local run.", envvar="JOURNEY_STATE")]
Days = Annotated[Path | None, typer.Option("--days", help="Folder of real days, events_YYYYMMDD.parquet.")]
Scale = Annotated[
    float | None, typer.Option("--scale", help="Size of the made-up shop; 1 is the real one's. Default 0.05.")
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of everything made up. Default 42.")]
Start = Annotated[str | None, typer.Option("--start", help="First day to load, UTC, YYYY-MM-DD.")]
End = Annotated[str | None, typer.Option("--end", help="Last day to load, inclusive.")]
DEFAULT_STATE = Path(".journey")


@app.command(
    epilog=examples(
        "journey run",
        "journey run --days ../ga4 --start 2020-11-01 --end 2020-11-30",
        "journey run --fresh --seed 7 --gap-rate 0.2",
    )
)
def run(
    days: Days = None,
    start: Start = None,
    end: End = None,
    scale: Scale = None,
    seed: Seed = None,
    gap_rate: Annotated[
        float | None, typer.Option(help="Share of made-up orders that are dropped. Default 0.175.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="Nothing later exists: a day or a time, UTC. Default: now.")] = None,
    backend: Annotated[
        Backend | None, typer.Option(help="synthetic: made up here. existing: PGHOST, only read.")
    ] = None,
    state: State = DEFAULT_STATE,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier runs of this state folder first.")] = False,
    google: Annotated[bool, typer.Option("--google", help="Google's BigQuery in place of the emulator.")] = False,
) -> None:
    """Run the whole DAG here.

    Starts what is not running, fills source A if it is empty, prints a summary and where the report is.
    """
    from journey.settings import Settings
    from workflows.run import Source
    from workflows.run import run as run_here

    if google and (days or scale is not None):
        raise BadInput("--days and --scale fill the emulator's source: leave them out with --google")
    os.environ.pop("BIGQUERY_EMULATOR_HOST", None)  # this run has an emulator of its own, or none
    settings = Settings.from_environment(
        start=start, end=end, seed=seed, gap_rate=gap_rate, as_of=as_of, backend=backend and backend.value
    )
    sys.exit(run_here(state, settings, Source(days, scale, seed), google, fresh))


@app.command(epilog=examples('eval "$(journey up)"', "journey load ga4"))
def up(
    state: State = DEFAULT_STATE,
    port: Annotated[int, typer.Option(help="The emulator's port. Default: a free one.", min=0, max=65535)] = 0,
) -> None:
    """Start the emulator and PostgreSQL alone.

    Prints the variables that reach them. `journey down` ends them.
    """
    import shlex

    from journey import services
    from journey.settings import Settings

    with services.hold(state):
        started = services.up(state, Settings.from_environment().project, port=port)
        started.keep()
    for name, value in started.environment.items():
        print(f"export {name}={shlex.quote(value)}")


@app.command()
def down(state: State = DEFAULT_STATE) -> None:
    """End the services of this state folder; its data stays."""
    from journey import services

    with services.hold(state):
        ended = services.down(state)
    print(f"ended: {', '.join(ended)}" if ended else f"nothing runs in {state}")


@app.command()
def status(state: State = DEFAULT_STATE) -> None:
    """Say which services run.

    Of this state folder, and where they listen.
    """
    from journey import services

    running = services.status(state)
    for name, service in running.items():
        where = " ".join(f"{key}={value}" for key, value in service.ready.items())
        print(f"{name:<9} pid {service.pid}  {where}")
    if not running:
        print(f"nothing runs in {state}")


@app.command(
    epilog=examples(
        "journey source --scale 0.1",
        "journey source --days ../ga4",
        "journey source --out days/ --scale 1 --workers 2",
        "journey source --scenario tracking-outage",
    )
    + "\n\n\b\nScenarios:\n"
    + "\n".join(f"  {name.value}: {description}" for name, description in DESCRIPTIONS.items())
)
def source(
    days: Days = None,
    scale: Scale = None,
    seed: Seed = None,
    start: Start = None,
    end: End = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write Parquet files here; no emulator needed.")] = None,
    scenario: Annotated[
        ScenarioName | None,
        typer.Option("--scenario", help="What goes wrong from the window's middle day on: docs/simulator.md."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that make days up; same bytes.")] = 1,
    state: State = DEFAULT_STATE,
) -> None:
    """Fill source A, a GA4 export.

    In the emulator, from a folder of days or made up; with --out write such a folder.
    """
    from journey.settings import Settings
    from synth.source import DEFAULT_SCALE, Making, fill_source

    settings = Settings.from_environment(start=start, end=end, seed=seed)
    if out or os.environ.get("BIGQUERY_EMULATOR_HOST"):
        making = Making(DEFAULT_SCALE if scale is None else scale, settings.seed, scenario, workers)
        filled = fill_source(settings, days, making, out)
        print(f"{filled.days} days, {filled.rows:,} events, {filled.bytes:,} bytes of Parquet ({filled.kind})")
        return
    from workflows.run import Source, fill, reached  # not at the top: the image that fills a cluster's source has none

    with _local(state, settings.project):
        fill(state, reached(settings), Source(days, scale, seed, scenario, workers))


@app.command(
    epilog=examples(
        "journey looker --google",
        "journey looker --google --table rpt_daily_reconciliation",
        "journey looker --google --template 0B5FF6JBKbNJxOWItcWo2SVVVeGc",
    )
)
def looker(
    template: Annotated[
        str | None, typer.Option(help="Report id of a template with the four sources. Default: Google's own report.")
    ] = None,
    table: Annotated[str, typer.Option(help="Without a template: the mart that the report opens over.")] = "rpt_funnel",
    billing_project: Annotated[
        str | None, typer.Option(help="Project that pays for the queries. Default: the warehouse's.")
    ] = None,
    state: State = DEFAULT_STATE,
    google: Annotated[bool, typer.Option("--google", help="Google's BigQuery, which Looker Studio can reach.")] = False,
) -> None:
    """Print the link that opens the marts in Looker Studio.

    Checks first that every table and column of its pages is there, with the type it needs. See docs/looker-studio.md.
    """
    from journey.bigquery import Warehouse
    from journey.settings import Settings
    from report.looker import SOURCES, check, link

    with _warehouse(state, google):
        settings = Settings.from_environment()
        url = link(settings, template, table, billing_project)
        columns = check(Warehouse(settings))
    print(f"{len(SOURCES)} tables with {columns} columns are as the pages need them", file=sys.stderr)
    if settings.emulator_host:
        print("these are in the emulator: Looker Studio reads only BigQuery itself, see --google", file=sys.stderr)
    print(url)


@app.command(
    epilog=examples(
        "journey query 'select count(*) from raw_ga4.events'",
        "journey query --format csv 'select * from marts.rpt_funnel'",
    )
)
def query(
    sql: Annotated[str, typer.Argument(help="One statement in BigQuery's SQL; - reads it from standard input.")],
    format: Annotated[Table, typer.Option("--format", help="How to print the rows.")] = Table.table,
    state: State = DEFAULT_STATE,
    google: Annotated[bool, typer.Option("--google", help="Ask Google's BigQuery, not the emulator.")] = False,
) -> None:
    """Ask the warehouse.

    The emulator of the state folder, or the one that BIGQUERY_EMULATOR_HOST names.
    """
    from journey.bigquery import Warehouse
    from journey.printing import print_rows
    from journey.settings import Settings

    text = sys.stdin.read() if sql == "-" else sql
    with _warehouse(state, google):
        result = Warehouse(Settings.from_environment()).arrow(text)
    print_rows(result, format.value)


@app.command(
    epilog=examples(
        "journey render",
        "journey render --to manifests/",
        "journey render -p image_repository=registry.example.com/journey -p 'cron_schedule=0 6 * * *'",
    )
)
def render(
    parameter: Parameters = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to write one file a manifest; default: print.")
    ] = None,
) -> None:
    """The Argo manifests as YAML.

    -p sets defaults of the template; cron_<parameter> what the schedule's runs are given, cron_schedule when it fires.
    """
    from workflows.parameters import pairs
    from workflows.render import manifests

    texts = manifests(pairs(parameter or []))
    if to is None:
        print("---\n".join(texts.values()), end="")
        return
    to.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (to / name).write_text(text)
        print(to / name)


@app.command()
def lint() -> None:
    """Check the Argo manifests strictly.

    Fields, references, template names, dependencies. Exit code 1 when there is a problem.
    """
    from workflows.lint import problems
    from workflows.render import documents

    rendered = list(documents().values())
    found = problems(rendered)
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"{len(rendered)} manifests, {len(found)} problems")
    sys.exit(1 if found else 0)


app.add_typer(stage_commands)  # without a name: they stand beside the others
app.add_typer(cluster_commands)


@contextmanager
def _warehouse(state: Path, is_google: bool) -> Iterator[None]:
    """The warehouse that a command means: Google's, the one the environment names, or that of the state folder."""
    if is_google:
        os.environ.pop("BIGQUERY_EMULATOR_HOST", None)
        yield
    elif os.environ.get("BIGQUERY_EMULATOR_HOST") or not state.exists():
        yield
    else:
        from journey.settings import Settings

        with _local(state, Settings.from_environment().project):
            yield


@contextmanager
def _local(state: Path, project: str) -> Iterator[None]:
    """The emulator of the state folder; where it does not run, it is started and ended again."""
    from journey import services

    if services.BIGQUERY in services.status(state):
        os.environ.update(services.up(state, project, (services.BIGQUERY,)).environment)
        yield
        return
    with services.hold(state):
        started = services.up(state, project, (services.BIGQUERY,))
        os.environ.update(started.environment)
        try:
            yield
        finally:
            services.down(state)


def main() -> None:
    """Entry point of `journey`."""
    try:
        start(app, "journey")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `journey query ... | head` is no error
        sys.exit(0)
