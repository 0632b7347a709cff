"""Small templates to run: every task is a few words of sh, in a container template of the task's name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hera.workflows import DAG, Container, RetryStrategy, WorkflowTemplate
from hera.workflows import models as m

from workflows.local import run
from workflows.outcome import Event, RunResult, TaskResult

# as pipeline.py has it, but with waits that a test can bear
RETRY = RetryStrategy(
    limit=2,
    retry_policy="Always",
    expression='lastRetry.status == "Error" || asInt(lastRetry.exitCode) in [75, 137, 143]',
    backoff=m.Backoff(duration="100ms", factor=m.IntOrString(root=2), cap="1s"),
)


def made_up(
    scripts: Mapping[str, str],
    depends: Mapping[str, str] | None = None,
    dag: dict[str, Any] | None = None,
    leaf: dict[str, Any] | None = None,
    **fields: Any,
) -> WorkflowTemplate:
    """A DAG of one container a script. leaf: fields of every container; dag: of the DAG; the rest: of the workflow."""
    with WorkflowTemplate(name="made-up", entrypoint="pipeline", **fields) as template:
        leaves = {
            name: Container(name=name, image="made-up:1", command=["sh"], args=["-c", script], **(leaf or {}))
            for name, script in scripts.items()
        }
        with DAG(name="pipeline", **(dag or {})):
            for name, container in leaves.items():
                container(name=name, depends=(depends or {}).get(name))
    return template


@dataclass
class Ran:
    """A finished local run and what it told on the way."""

    result: RunResult
    events: list[Event]
    folder: Path

    def task(self, name: str) -> TaskResult:
        return next(task for task in self.result.tasks if task.name == name)

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text()

    def told(self, kind: str) -> list[str]:
        return [event.task for event in self.events if event.kind == kind]


@dataclass
class Runner:
    """Runs templates in a folder of the test's own; `$SHARED` is that folder for every script."""

    folder: Path
    on_event: Callable[[Event], None] = field(default=lambda _: None)

    def __call__(
        self,
        template: WorkflowTemplate,
        parameters: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
        at_once: int | None = None,
    ) -> Ran:
        events: list[Event] = []

        def take(event: Event) -> None:
            events.append(event)
            self.on_event(event)

        given = {"PATH": os.environ["PATH"], "SHARED": str(self.folder), **(environment or {})}
        outputs, logs = self.folder / "outputs", self.folder / "logs"
        return Ran(run(template, parameters or {}, given, outputs, logs, take, at_once), events, self.folder)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but is not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
