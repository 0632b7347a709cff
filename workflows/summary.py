"""What a person sees of a local run: a line a task while it goes, then a table, five figures and the report's path."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from journey.bigquery import Warehouse
from journey.errors import JourneyError
from journey.settings import Settings
from report.figures import closing_figures
from workflows.outcome import Event, RunResult, TaskResult

INTERRUPTED = 130  # what a shell reports for a command ended by Ctrl-C
LOG_LINES = 15


class Progress:
    """On a terminal a live line for each task that runs; elsewhere a printed line for each thing that happens."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description:<12}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[text]}"),
        )
        self.bars = Bars(*columns, console=self.console, transient=True) if self.console.is_terminal else None
        self.lines: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self.bars:
            self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bars:
            self.bars.stop()

    def tell(self, event: Event) -> None:
        """Show an event."""
        if self.bars and event.task:
            if event.kind == "started" and event.task not in self.lines:
                self.lines[event.task] = self.bars.add_task(event.task, total=None, text="")
            elif event.task in self.lines and event.kind == "progress":
                self.bars.update(self.lines[event.task], text=event.message[:80])
            elif event.task in self.lines and event.kind in ("succeeded", "failed"):
                self.bars.remove_task(self.lines.pop(event.task))
        if event.kind != "progress" or not self.bars:
            again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
            text = f"  {event.message}" if event.message and event.kind != "succeeded" else ""
            self.console.print(
                f"{datetime.now(UTC):%H:%M:%S} {event.task:<12} {event.kind}{again}{text}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )


def close(state: Path, settings: Settings, result: RunResult, report: Path | None) -> int:
    """Write run.json, print the summary; returns the exit code of the run."""
    _note(state, settings, result)
    console = Console()
    console.print(task_table(result))
    if result.succeeded:
        for line in figure_lines(settings, result):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        # a path alone on its line is a link in most terminals
        console.print(
            f"\nReport: {report}" if report else "\nno report was made", highlight=False, markup=False, soft_wrap=True
        )
        return 0
    errors = Console(stderr=True)
    for task in result.tasks:
        if task.phase in ("Failed", "Error"):
            _print_failure(errors, task, state / "logs" / f"{task.name}.log")
    if result.ended_by:
        errors.print(f"ended by {result.ended_by}: every process of the run is gone; run again to go on", markup=False)
        return INTERRUPTED
    return _exit_code(result)


def task_table(result: RunResult) -> Table:
    """A row for each task: attempts, seconds, what it counted."""
    table = Table(title=f"{'done' if result.succeeded else 'failed'} in {result.seconds:.0f} s", title_justify="left")
    table.add_column("task")
    table.add_column("attempts", justify="right")
    table.add_column("seconds", justify="right")
    table.add_column("rows", justify="right")
    table.add_column("", overflow="fold")
    for task in result.tasks:
        counts = task.counts or {}
        rows = f"{counts['rows']:,}" if "rows" in counts else ""
        style = "red" if task.phase in ("Failed", "Error") else "dim" if task.phase == "Omitted" else None
        table.add_row(task.name, str(task.attempts), f"{task.seconds:.1f}", rows, _remark(task, counts), style=style)
    return table


def _remark(task: TaskResult, counts: dict[str, Any]) -> str:
    if task.phase != "Succeeded":
        return task.phase.lower()
    if "models" in counts:
        parts = [f"{counts[name]} {name}" for name in ("models", "tests") if counts.get(name)]
        return ", ".join(parts)
    return str(counts.get("remark", ""))


def figure_lines(settings: Settings, result: RunResult) -> list[str]:
    """The five figures, then what of the export was not as expected."""
    try:
        f = closing_figures(Warehouse(settings))
    except JourneyError as error:
        return [f"the figures cannot be read: {error}"]
    revenues = f"GA4 {_money(f.ga4_revenue)}, backend {_money(f.backend_revenue)}"
    found = f"{f.found_orders:,} of {f.eligible_orders:,} eligible orders"
    lines = [
        _figure("sessions", f"{f.sessions:,}"),
        _figure("orders", f"{f.orders:,}"),
        _figure("match rate", _percent(f.match_rate), found),
        _figure("revenue difference", _money(f.revenue_difference), revenues),
        _figure("unexplained difference", _money(f.unexplained_difference)),
    ]
    counts = next((task.counts for task in result.tasks if task.name == "load-ga4" and task.counts), {})
    missing = counts.get("missing_days", [])
    if missing:
        asked = len(missing) + len(counts["days"])
        lines.append(f"{len(missing)} of {asked} days are missing in the GA4 export: {spans(missing)}")
    if counts.get("empty_days"):
        lines.append(f"days without a single event: {spans(counts['empty_days'])}")
    for name, words in (
        ("new_columns", "not loaded, raw_ga4.events lacks them"),
        ("missing_columns", "NULL, some day lacks them"),
    ):
        if counts.get(name):
            lines.append(f"columns of the export {words}: {', '.join(counts[name])}")
    return lines


def _figure(name: str, value: str, remark: str = "") -> str:
    return f"{name:<22}  {value:>14}   {remark}".rstrip()


def spans(days: list[str]) -> str:
    """Days as spans: 2020-11-03..2020-11-10, 2020-11-13."""
    ordered = [datetime.fromisoformat(day).date() for day in sorted(days)]
    groups: list[list[Any]] = []
    for day in ordered:
        if groups and (day - groups[-1][-1]).days == 1:
            groups[-1].append(day)
        else:
            groups.append([day])
    return ", ".join(str(group[0]) if len(group) == 1 else f"{group[0]}..{group[-1]}" for group in groups)


def _percent(rate: Decimal | None) -> str:
    return "-" if rate is None else f"{rate:.2%}"


def _money(amount: Decimal | None) -> str:
    return "-" if amount is None else f"{amount:,.2f}"


def _print_failure(console: Console, task: TaskResult, log: Path) -> None:
    console.print(f"\n{task.name} failed: {task.message}", style="red", markup=False, highlight=False)
    if log.is_file():
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        console.print("\n".join(f"  {line}" for line in lines), markup=False, highlight=False, soft_wrap=True)
        console.print(f"  the whole log: {log}", markup=False, highlight=False, soft_wrap=True)


def _exit_code(result: RunResult) -> int:
    """That of the first task that failed, where it says what kind of failure it was; else 1."""
    codes = [task.exit_code for task in result.tasks if task.phase in ("Failed", "Error")]
    return next((code for code in codes if code in (2, 75)), 1)


def _note(state: Path, settings: Settings, result: RunResult) -> None:
    ended = datetime.now(UTC)
    note = {
        "ended_at": ended.isoformat(timespec="seconds"),
        "succeeded": result.succeeded,
        "ended_by": result.ended_by,
        "seconds": round(result.seconds, 1),
        "settings": settings.model_dump(mode="json"),
        "tasks": [asdict(task) | {"seconds": round(task.seconds, 1)} for task in result.tasks],
    }
    draft = state / "run.json.part"
    draft.write_text(json.dumps(note, indent=1, default=str))
    draft.replace(state / "run.json")
