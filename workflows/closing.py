"""The last screen of a run, here or on a cluster: what each task took and counted, and the five figures."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.table import Table

from workflows.outcome import RunResult, TaskResult


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


def figure_lines(result: RunResult) -> list[str]:
    """The five figures that the report counted, then what of the export was not as expected."""
    figures, counts = _counts(result, "report"), _counts(result, "load-ga4")
    lines = _figures(figures) if "match_rate" in figures else []
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


def _counts(result: RunResult, name: str) -> dict[str, Any]:
    return next((task.counts for task in result.tasks if task.name == name and task.counts), {})


def _figures(counts: dict[str, Any]) -> list[str]:
    amounts = ("ga4_revenue", "backend_revenue", "revenue_difference", "unexplained_difference")
    ga4, backend, difference, unexplained = (_money(counts[name]) for name in amounts)
    return [
        _figure("sessions", f"{counts['sessions']:,}"),
        _figure("orders", f"{counts['orders']:,}"),
        _figure(
            "match rate",
            _percent(counts["match_rate"]),
            f"{counts['found_orders']:,} of {counts['eligible_orders']:,} eligible orders",
        ),
        _figure("revenue difference", difference, f"GA4 {ga4}, backend {backend}"),
        _figure("unexplained difference", unexplained),
    ]


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


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.2%}"


def _money(amount: str | None) -> str:
    return "-" if amount is None else f"{Decimal(amount):,.2f}"
