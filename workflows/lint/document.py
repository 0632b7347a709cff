"""A manifest with the parts that the checks ask for, and the words for a place in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workflows.substitution import Path

Json = dict[str, Any]

LEAVES = ("container", "script", "containerSet", "resource", "data", "http", "plugin", "suspend")
CALLERS = ("dag", "steps")


@dataclass(frozen=True)
class Document:
    """A WorkflowTemplate, ClusterWorkflowTemplate, Workflow or CronWorkflow."""

    raw: Json

    @property
    def kind(self) -> str:
        return str(self.raw.get("kind"))

    @property
    def name(self) -> str:
        metadata = self.raw.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        return str(named.get("name") or named.get("generateName") or "without a name")

    @property
    def spec_path(self) -> Path:
        """Where the workflow's spec is."""
        return ("spec", "workflowSpec") if self.kind == "CronWorkflow" else ("spec",)

    @property
    def spec(self) -> Json:
        """The workflow's spec."""
        found: Any = self.raw
        for key in self.spec_path:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def templates(self) -> list[Json]:
        found = self.spec.get("templates")
        return found if isinstance(found, list) else []

    def template(self, name: str | None) -> Json | None:
        """The template of that name."""
        return next((t for t in self.templates if t.get("name") == name), None)

    def template_path(self, index: int) -> Path:
        return (*self.spec_path, "templates", index)

    def at(self, path: Path) -> str:
        """The words for a place: `WorkflowTemplate x, template y, container.image`."""
        words = f"{self.kind} {self.name}"
        head = (*self.spec_path, "templates")
        if path[: len(head)] == head and len(path) > len(head):
            template: Any = self.templates[int(path[len(head)])]
            named = template.get("name") if isinstance(template, dict) else None
            words += f", template {named or path[len(head)]}"
            path = path[len(head) + 1 :]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
        return f"{words}, {field}" if field else words


class Documents:
    """All documents of one lint."""

    def __init__(self, raw: list[Json]) -> None:
        self._documents = [Document(one) for one in raw]

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents)

    def referred(self, reference: Json) -> Document | None:
        """The template document that a workflowTemplateRef or templateRef names."""
        kind = "ClusterWorkflowTemplate" if reference.get("clusterScope") else "WorkflowTemplate"
        return next((d for d in self if (d.kind, d.name) == (kind, reference.get("name"))), None)


def calls(template: Json) -> list[tuple[Path, Json]]:
    """The tasks of a DAG or the steps of a steps template, each with its path inside the template."""
    tasks = (template.get("dag") or {}).get("tasks") or []
    found: list[tuple[Path, Json]] = [(("dag", "tasks", n), task) for n, task in enumerate(tasks)]
    for n, group in enumerate(template.get("steps") or []):
        found += [(("steps", n, k), step) for k, step in enumerate(group)]
    return found


def containers(template: Json) -> list[tuple[Path, Json]]:
    """Every container of a template, each with its path inside the template."""
    found: list[tuple[Path, Json]] = [((key,), template[key]) for key in ("container", "script") if template.get(key)]
    of_set = (template.get("containerSet") or {}).get("containers") or []
    found += [(("containerSet", "containers", n), one) for n, one in enumerate(of_set)]
    for key in ("initContainers", "sidecars"):
        found += [((key, n), c) for n, c in enumerate(template.get(key) or [])]
    return found


def names_in(items: list[Json] | None) -> list[str]:
    """The names of a list of named things."""
    return [str(item.get("name")) for item in items or []]
