"""The tasks of a workflow as its status tells them: state, attempts, times, what they counted."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from workflows.cluster.connection import Json
from workflows.outcome import Phase, RunResult, TaskResult, counts_of_text

ENDED = ("Succeeded", "Failed", "Error")
UNLUCKY = ("Failed", "Error")


@dataclass(frozen=True)
class Task:
    """A task at a moment.

    state: Argo's phase, Waiting where nothing has happened yet, or Retrying between two attempts. node: id of its last
    attempt, for its pod.
    """

    name: str
    state: str = "Waiting"
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    exit_code: int | None = None
    outputs: dict[str, str] = field(default_factory=dict)
    node: str = ""

    @property
    def counts(self) -> dict[str, Any]:
        """What it counted; empty while it has not."""
        return counts_of_text(self.outputs.get("counts")) or {}

    def seconds(self, now: datetime) -> float:
        """From its first attempt to its last, or to now."""
        return ((self.finished_at or now) - self.started_at).total_seconds() if self.started_at else 0.0


def is_over(workflow: Json) -> bool:
    """Whether the workflow has ended."""
    return phase_of(workflow) in ENDED


def phase_of(workflow: Json) -> str:
    """The workflow's phase; Pending before the controller has seen it."""
    return str((workflow.get("status") or {}).get("phase") or "Pending")


def message_of(workflow: Json) -> str:
    """Why the workflow is in its phase: what it waits for, or what failed."""
    return str((workflow.get("status") or {}).get("message") or "")


def tasks_of(workflow: Json) -> list[Task]:
    """Every task of the DAG, in its order."""
    status = workflow.get("status") or {}
    nodes: dict[str, Json] = status.get("nodes") or {}
    of_dag = {n["displayName"]: n for n in nodes.values() if n.get("boundaryID") == workflow["metadata"]["name"]}
    # an attempt has the same boundary as its task
    attempts = {child for node in nodes.values() if node["type"] == "Retry" for child in node.get("children") or []}
    own = {name: node for name, node in of_dag.items() if node["id"] not in attempts}
    spec = status.get("storedWorkflowTemplateSpec") or workflow["spec"]
    entry: Json = next((t for t in spec.get("templates") or [] if t["name"] == spec.get("entrypoint")), {})
    names = [str(task["name"]) for task in (entry.get("dag") or {}).get("tasks") or []] or list(own)
    return [_task(name, own.get(name), nodes) for name in names]


def result_of(workflow: Json) -> RunResult:
    """An ended workflow as the result of a run, as a local one has it."""
    status = workflow["status"]
    ended = _moment(status.get("finishedAt")) or datetime.now(UTC)
    began = _moment(status.get("startedAt")) or ended
    return RunResult(
        succeeded=phase_of(workflow) == "Succeeded",
        tasks=[_result(task, ended) for task in tasks_of(workflow)],
        seconds=(ended - began).total_seconds(),
    )


def _task(name: str, node: Json | None, nodes: dict[str, Json]) -> Task:
    if node is None:
        return Task(name)
    tries = [nodes[child] for child in node.get("children") or [] if child in nodes and nodes[child]["type"] == "Pod"]
    tries = tries if node["type"] == "Retry" else [node] if node["type"] == "Pod" else []
    last = tries[-1] if tries else node
    outputs = node.get("outputs") or last.get("outputs") or {}
    code = outputs.get("exitCode")
    # a pod that cannot start says why; its task only says that it is pending
    message = str(last.get("message") or node.get("message") or "")
    state = str(last["phase"] if node["phase"] == "Running" and tries else node["phase"])
    return Task(
        name=name,
        state="Retrying" if state in UNLUCKY and node["phase"] == "Running" else state,
        attempts=len(tries),
        started_at=_moment(node.get("startedAt")),
        finished_at=_moment(node.get("finishedAt")),
        message=message,
        exit_code=int(code) if code is not None and str(code).lstrip("-").isdigit() else None,
        outputs={p["name"]: str(p.get("value", "")) for p in outputs.get("parameters") or []},
        node=str(last["id"]),
    )


def _result(task: Task, ended: datetime) -> TaskResult:
    phase = task.state if task.state in ENDED else "Omitted"
    return TaskResult(
        name=task.name,
        phase=cast(Phase, phase),
        attempts=task.attempts,
        seconds=task.seconds(ended),
        counts=task.counts or None,
        message=task.message,
        exit_code=task.exit_code,
        outputs=task.outputs,
    )


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
