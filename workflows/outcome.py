"""What a local run tells: events while it goes, results when it has ended."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Kind = Literal["started", "progress", "retried", "succeeded", "failed", "omitted", "ending"]
Phase = Literal["Succeeded", "Failed", "Error", "Omitted"]


@dataclass(frozen=True)
class Event:
    """Something that happened to a task.

    attempt: from 1; 0 where there was none. message: of `progress` the last line of its log, of `retried` why and when,
    of `failed` and `omitted` why. `ending` is about the whole run: its processes are being ended.
    """

    kind: Kind
    task: str
    attempt: int = 0
    message: str = ""


@dataclass(frozen=True)
class TaskResult:
    """How a task ended. seconds: from its first attempt to its last, waits included. outputs: its output parameters."""

    name: str
    phase: Phase
    attempts: int = 0
    seconds: float = 0.0
    counts: dict[str, Any] | None = None
    message: str = ""
    exit_code: int | None = None
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult:
    """How a run ended. tasks: in the DAG's order. ended_by: a signal's name, activeDeadlineSeconds, or empty."""

    succeeded: bool
    tasks: list[TaskResult]
    seconds: float
    ended_by: str = ""


def counts_of(outputs: dict[str, str], run_results: Path) -> dict[str, Any] | None:
    """What a stage counted: its output parameter `counts`, or, for dbt, what its run_results.json says."""
    counts = counts_of_text(outputs.get("counts"))
    try:
        return counts or (_of_dbt(json.loads(run_results.read_text())) if run_results.is_file() else None)
    except (ValueError, KeyError, TypeError):
        return None  # counts are for the summary; a stage that wrote half a file has failed by its exit code


def counts_of_text(text: str | None) -> dict[str, Any] | None:
    """The output parameter `counts`, read; None where there is nothing in it."""
    try:
        counts = json.loads(text or "{}")
    except ValueError:
        return None
    return counts if isinstance(counts, dict) and counts else None


def _of_dbt(run_results: dict[str, Any]) -> dict[str, Any]:
    """models, tests: how many ran. failures: those that failed or broke. skipped: not run because of these."""
    results = [(str(r["unique_id"]).partition(".")[0], str(r["status"])) for r in run_results["results"]]
    return {
        "models": sum(kind == "model" and status != "skipped" for kind, status in results),
        "tests": sum(kind == "test" and status != "skipped" for kind, status in results),
        "failures": sum(status in ("fail", "error", "runtime error", "partial success") for _, status in results),
        "skipped": sum(status == "skipped" for _, status in results),
    }
