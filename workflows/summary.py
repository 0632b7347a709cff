"""What a person sees of a local run: a line a task while it goes, then a table, five figures and the report's path."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from journey.settings import Settings
from workflows.closing import figure_lines, task_table
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
        for line in figure_lines(result):
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
