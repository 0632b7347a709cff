"""`make evaluate`: how far the reconciliation can be believed, on shops whose answers are known."""

from pathlib import Path
from typing import Annotated

import typer

from journey.cli_options import examples, start

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "make evaluate",
        'make evaluate ARGS="--days ../shared/ga4"',
        "python -m evaluation --seeds 1 --start 2020-11-23 --end 2020-11-30 --cost-runs 0",
    ),
)
def evaluate(
    days: Annotated[Path | None, typer.Option(help="A folder of real days to judge on as well.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many shops are made up over each set of days.")] = 5,
    start: Annotated[str, typer.Option(help="First simulated day, UTC, YYYY-MM-DD.")] = "2020-11-01",
    end: Annotated[str, typer.Option(help="Last simulated day, inclusive.")] = "2020-12-31",
    scale: Annotated[float, typer.Option(help="Size of the simulated shop; 1 is the real one's.")] = 0.2,
    cost_runs: Annotated[int, typer.Option(min=0, help="How often the cost is measured; 0: not at all.")] = 3,
) -> None:
    """Make up shops whose answers are known, run the pipeline over them, print the worst of each figure beside its bar.

    The days are loaded once and each seed puts another shop beside them: other people, other orders dropped, changed
    and paid otherwise. On the simulated days some purchases lose their id, or with it their amount and items. An
    emulator and a PostgreSQL are started for it and ended. Exit code 1: a bar was missed.
    """
    from evaluation.gate import judge_days, judge_simulated_days
    from synth.day_files import read_folder

    if days:
        read_folder(days)  # before the long work
    verdicts = judge_simulated_days(start, end, scale, seeds, cost_runs)
    if days:
        verdicts += judge_days(days, f"real days of {days}", seeds, cost_runs)
    missed = sum(not verdict.is_met for verdict in verdicts)
    print(f"{missed} of {len(verdicts)} bars missed" if missed else f"all {len(verdicts)} bars met")
    raise typer.Exit(1 if missed else 0)


if __name__ == "__main__":
    start(app, "python -m evaluation")
