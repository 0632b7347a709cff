"""What a DAG task waits for: its `depends` expression, or the older `dependencies` list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workflows.expression import TASK, Node, Unknown, evaluate, names, parse

# What may stand after `task.`; the phase of a task that satisfies it. A bare task name means any of UNSAID.
RESULTS = {
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Errored": "Error",
    "Skipped": "Skipped",
    "Omitted": "Omitted",
    "Daemoned": "Daemoned",
}
OF_LOOPS = ("AnySucceeded", "AllFailed")  # only tasks with withItems, withParam or withSequence have them
UNSAID = ("Succeeded", "Skipped", "Daemoned")


@dataclass(frozen=True)
class Depends:
    """tasks: the names waited for. condition: what must hold of their phases once all have ended; None: nothing."""

    tasks: frozenset[str]
    condition: Node | None

    def holds(self, phases: Mapping[str, str]) -> bool:
        """Whether the task runs, given the phases of the tasks it waits for; if not, it is omitted."""
        return self.condition is None or bool(evaluate(self.condition, _results(self.condition, phases)))


def depends_of(task: dict[str, Any]) -> Depends:
    """Read a task of a DAG template.

    Raises: Unknown, when the expression cannot be read or names a result that tasks do not have.
    """
    text = task.get("depends") or " && ".join(task.get("dependencies") or [])
    if not text:
        return Depends(frozenset(), None)
    condition = parse(text, TASK)
    for name in names(condition):
        result = name.partition(".")[2]
        if result and result not in RESULTS and result not in OF_LOOPS:
            raise Unknown(f"{result} in {text!r} is no result of a task; known are {', '.join([*RESULTS, *OF_LOOPS])}")
    return Depends(frozenset(name.partition(".")[0] for name in names(condition)), condition)


def _results(condition: Node, phases: Mapping[str, str]) -> dict[str, bool]:
    """Each name of the expression, `task` or `task.Result`, with whether it holds."""
    values: dict[str, bool] = {}
    for name in names(condition):
        task, _, result = name.partition(".")
        values[name] = phases[task] == RESULTS[result] if result else phases[task] in UNSAID
    return values
