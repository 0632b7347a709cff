"""The stages that are programs of ours, as their containers run them. As in cli.py, imported inside the commands."""

from pathlib import Path
from typing import Annotated, Any

import typer

from journey.cli_options import examples

commands = typer.Typer(rich_markup_mode=None)
load = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="One load stage, as its container runs it.")
commands.add_typer(load, name="load")


@commands.command(
    epilog="Settings: PGHOST, BIGQUERY_EMULATOR_HOST, JOURNEY_SEED, JOURNEY_GAP_RATE, ... (docs/settings.md)"
)
def synth() -> None:
    """Make up source B, a shop.

    Users and orders from the ids that GA4 holds, with gaps, in PostgreSQL; nothing when the backend exists.
    """
    from journey.settings import Settings
    from synth.backend import synth as make

    _count("synth", make(Settings.from_environment()))


@load.command("ga4", epilog=examples("JOURNEY_START=2020-11-01 JOURNEY_END=2020-11-10 journey load ga4"))
def load_ga4() -> None:
    """GA4 export to raw_ga4.events.

    Each day of the window is replaced whole.
    """
    from journey.settings import Settings
    from load.ga4 import load_ga4 as replace

    _count("load-ga4", replace(Settings.from_environment()))


@load.command("users")
def load_users() -> None:
    """PostgreSQL users to raw_backend.users."""
    from journey.settings import Settings
    from load.backend import load_users as replace

    _count("load-users", replace(Settings.from_environment()))


@load.command("orders")
def load_orders() -> None:
    """PostgreSQL orders and their items to raw_backend."""
    from journey.settings import Settings
    from load.backend import load_orders as replace

    _count("load-orders", replace(Settings.from_environment()))


@commands.command(epilog=examples("journey report --out report.html"))
def report(
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("report.html"),
) -> None:
    """Write the HTML report of the marts.

    One file, no JavaScript.
    """
    from dataclasses import asdict

    from journey.settings import Settings
    from report.page import write_report

    written, closing = write_report(Settings.from_environment(), out)
    figures = asdict(closing)
    rate = figures.pop("match_rate")  # a number, for the metric; amounts keep their cents as text
    _count("report", written, match_rate=None if rate is None else float(rate), **figures)


def _count(stage: str, result: Any, **more: Any) -> None:
    """Hand the counts of a stage on, and print them for whoever reads the log; `more` is handed on only."""
    from dataclasses import asdict

    from journey.counts import write_counts

    counts = asdict(result)
    write_counts(stage, **counts, **more)
    numbers = {name: value for name, value in counts.items() if type(value) in (int, float)}
    numbers |= {name: len(value) for name, value in counts.items() if isinstance(value, list)}
    print(f"{stage} done: " + ", ".join(f"{name} {value:,}" for name, value in numbers.items()))
