"""What a person sees of a workflow that is followed: a live table on a terminal, else a line for each change."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from workflows.cluster.connection import Json
from workflows.cluster.tasks import ENDED, UNLUCKY, Task, message_of, phase_of, tasks_of

STYLES = {
    "Succeeded": "green",
    "Failed": "red",
    "Error": "red",
    "Running": "cyan",
    "Retrying": "yellow",
    "Waiting": "dim",
    "Omitted": "dim",
}
WORDS = {
    "Pending": "is to start",
    "Retrying": "failed, may be tried again",
    "Running": "started",
    "Succeeded": "succeeded",
    "Omitted": "omitted",
}


class Screen:
    """Shows a workflow while it runs. On stderr: stdout is for what remains."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.workflow: Json = {}
        self.told: dict[str, tuple[str, int]] = {}
        self.live = Live(console=console, get_renderable=self._table, refresh_per_second=4, transient=True)
        self.waits_for = ""

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.live.stop()

    def show(self, workflow: Json) -> None:
        """The workflow as it is now."""
        self.workflow = workflow
        if self.console.is_terminal:
            return
        if phase_of(workflow) == "Pending" and message_of(workflow) not in ("", self.waits_for):
            self.waits_for = message_of(workflow)
            self.say(self.waits_for)
        for task in tasks_of(workflow):
            now = (task.state, task.attempts)
            if task.state != "Waiting" and self.told.get(task.name) != now:
                self.told[task.name] = now
                self.say(f"{task.name:<12} {_words(task)}")

    def say(self, text: str) -> None:
        """A line that stays."""
        self.console.print(f"{datetime.now(UTC):%H:%M:%S} {text}", highlight=False, markup=False, soft_wrap=True)

    def _table(self) -> Table:
        now = datetime.now(UTC)
        workflow = self.workflow
        title = f"{workflow['metadata']['name']}: {phase_of(workflow).lower()}" if workflow else ""
        waits_for = message_of(workflow) if workflow and phase_of(workflow) not in ENDED else ""
        table = Table(title=f"{title} {waits_for}".strip(), title_justify="left")
        table.add_column("task")
        table.add_column("state")
        for name in ("attempt", "seconds", "rows"):
            table.add_column(name, justify="right")
        table.add_column("", overflow="fold")
        for task in tasks_of(workflow) if workflow else []:
            table.add_row(*_row(task, now), style=STYLES.get(task.state))
        return table


def _row(task: Task, now: datetime) -> tuple[str, ...]:
    rows = task.counts.get("rows")
    return (
        task.name,
        task.state.lower(),
        str(task.attempts or ""),
        f"{task.seconds(now):.0f}" if task.started_at and task.attempts else "",
        f"{rows:,}" if rows is not None else "",
        task.message if task.state != "Succeeded" else "",
    )


def _words(task: Task) -> str:
    words = "failed" if task.state in UNLUCKY else WORDS.get(task.state, task.state.lower())
    again = f" (attempt {task.attempts})" if task.attempts > 1 else ""
    rows = task.counts.get("rows")
    more = f"  {rows:,} rows" if rows is not None and task.state == "Succeeded" else ""
    return words + again + (f"  {task.message}" if task.message and task.state != "Succeeded" else more)
