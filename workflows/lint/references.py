"""Every `{{...}}` resolved: each name must be one that Argo gives at that place.

Of an expression tag, `{{=...}}`, the names are checked, not the grammar.
"""

import re
from collections.abc import Callable, Iterator

from workflows.lint.document import Document, Documents, Json, calls
from workflows.lint.graph import ancestors
from workflows.substitution import Path, has_open_tag, tags, texts

Known = Callable[[str], bool]

# https://argo-workflows.readthedocs.io/en/latest/variables/
GLOBAL = {
    *("workflow.name", "workflow.namespace", "workflow.mainEntrypoint", "workflow.serviceAccountName", "workflow.uid"),
    *("workflow.parameters", "workflow.parameters.json", "workflow.annotations.json", "workflow.labels.json"),
    *("workflow.creationTimestamp", "workflow.creationTimestamp.RFC3339", "workflow.creationTimestamp.s"),
    *("workflow.priority", "workflow.duration", "workflow.scheduledTime"),
}
OF_EXIT = {"workflow.status", "workflow.failures"}
OF_NODE = {"inputs.parameters", "node.name", "tasks.name", "steps.name"}
OF_POD = {"pod.name", "retries", *(f"lastRetry.{x}" for x in ("exitCode", "status", "duration", "message"))}
OF_METRICS = {"status", "duration", "exitCode", "outputs.result", "resourcesDuration.cpu", "resourcesDuration.memory"}
OF_CALL = (
    "id",
    "ip",
    "status",
    "exitCode",
    "startedAt",
    "finishedAt",
    "hostNodeName",
    "outputs.result",
    "outputs.parameters",
)
OF_LOOP = ("withItems", "withParam", "withSequence")
SYSTEM_LABELS = "workflows.argoproj.io/"

_TEXT = re.compile(r"\[\s*'([^']*)'\s*\]|\[\s*\"([^\"]*)\"\s*\]")
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_HYPHEN = "\N{HYPHEN}"  # stands for a hyphen inside a name while the expression is searched; a plain one means minus
_NAME = re.compile(rf"(?<![\w.#])[A-Za-z_]\w*+(?:\.[\w/{_HYPHEN}]++)*+(?!\s*\()")
_WORDS = {
    "and",
    "or",
    "not",
    "in",
    "true",
    "false",
    "nil",
    "let",
    "if",
    "else",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
}


def problems(document: Document, every: Documents) -> list[str]:
    """The tags that would stay as they are, or stop the workflow, on a cluster."""
    spec, here = document.spec, document.spec_path
    known = {*GLOBAL, *_of_workflow(document, every)}
    if spec.get("onExit") or spec.get("hooks"):
        known |= OF_EXIT
    found: list[str] = []
    for key, part in spec.items():
        if key != "templates":
            extra = OF_EXIT if key in ("metrics", "hooks") else set()
            found += _check(document, (*here, key), part, known | extra, every)
    for index, template in enumerate(document.templates):
        found += _of_template(document, document.template_path(index), template, known, every)
    return found


def _of_workflow(document: Document, every: Documents) -> Iterator[str]:
    """The global names that this document itself brings."""
    sources = [document]
    if reference := document.spec.get("workflowTemplateRef"):
        sources += [referred] if (referred := every.referred(reference)) else []
    for source in sources:
        for parameter in (source.spec.get("arguments") or {}).get("parameters") or []:
            yield f"workflow.parameters.{parameter.get('name')}"
        for artifact in (source.spec.get("arguments") or {}).get("artifacts") or []:
            yield f"workflow.artifacts.{artifact.get('name')}"
        for template in source.templates:
            for kind in ("parameters", "artifacts"):
                for output in (template.get("outputs") or {}).get(kind) or []:
                    if output.get("globalName"):
                        yield f"workflow.outputs.{kind}.{output['globalName']}"
        for kind in ("labels", "annotations"):
            for name in (source.spec.get("workflowMetadata") or {}).get(kind) or {}:
                yield f"workflow.{kind}.{name}"


def _of_template(document: Document, here: Path, template: Json, known: set[str], every: Documents) -> list[str]:
    scope = known | OF_NODE | set(_of_inputs(template))
    before = ancestors(template) if template.get("dag") else {}
    made = {str(call.get("name")): call for _, call in calls(template)}
    all_results = set(_results(made, set(made), document, every, "tasks" if template.get("dag") else "steps"))
    found: list[str] = []
    for key, part in template.items():
        if key == "dag":
            for place, task in calls(template):
                results = _results(made, before.get(str(task.get("name")), set()), document, every, "tasks")
                found += _check(document, (*here, *place), task, scope | set(results) | _items(task), every)
            rest = {k: v for k, v in part.items() if k != "tasks"}
            found += _check(document, (*here, key), rest, scope, every)
        elif key == "steps":
            found += _of_steps(document, here, template, scope, made, every)
        elif key == "metrics":
            outputs = {
                f"outputs.parameters.{p.get('name')}" for p in (template.get("outputs") or {}).get("parameters") or []
            }
            found += _check(document, (*here, key), part, scope | OF_METRICS | OF_POD | outputs, every)
        elif key == "outputs":
            found += _check(document, (*here, key), part, scope | all_results | OF_POD, every)
        else:
            found += _check(document, (*here, key), part, scope | OF_POD, every)
    return found


def _of_steps(
    document: Document, here: Path, template: Json, scope: set[str], made: dict[str, Json], every: Documents
) -> list[str]:
    found: list[str] = []
    earlier: set[str] = set()
    for n, group in enumerate(template["steps"]):
        results = set(_results(made, earlier, document, every, "steps"))
        for k, step in enumerate(group):
            found += _check(document, (*here, "steps", n, k), step, scope | results | _items(step), every)
        earlier |= {str(step.get("name")) for step in group}
    return found


def _of_inputs(template: Json) -> Iterator[str]:
    for side in ("inputs", "outputs"):
        for kind in ("parameters", "artifacts"):
            for one in (template.get(side) or {}).get(kind) or []:
                if side == "inputs":
                    yield f"inputs.{kind}.{one.get('name')}"
                yield f"{side}.{kind}.{one.get('name')}.path"


def _results(made: dict[str, Json], names: set[str], document: Document, every: Documents, word: str) -> Iterator[str]:
    """What the named calls give once they have ended."""
    for name in names & made.keys():
        yield from (f"{word}.{name}.{field}" for field in OF_CALL)
        call = made[name]
        reference = call.get("templateRef")
        owner = every.referred(reference) if reference else document
        called = call.get("inline") or (owner and owner.template((reference or call).get("template"))) or {}
        for kind in ("parameters", "artifacts"):
            for output in (called.get("outputs") or {}).get(kind) or []:
                yield f"{word}.{name}.outputs.{kind}.{output.get('name')}"


def _items(call: Json) -> set[str]:
    return {"item", "item.*"} if any(call.get(key) is not None for key in OF_LOOP) else set()


def _check(document: Document, here: Path, part: object, known: set[str], every: Documents) -> list[str]:
    found: list[str] = []
    for path, text in texts(part, here):
        if has_open_tag(text):
            found.append(f"{document.at(path)}: braces are opened and not closed in {text!r}")
        for tag in tags(text):
            names = _names(tag[1:]) if tag.startswith("=") else [tag]
            lost = [name for name in names if not _is_known(name, known)]
            at = document.at(path)
            found += [f"{at}: {{{{{tag}}}}} cannot be resolved, nothing here is called {name!r}" for name in lost]
    return found


def _is_known(name: str, known: set[str]) -> bool:
    if name in known or (name.startswith("item.") and "item.*" in known):
        return True
    if name.startswith("workflow.creationTimestamp."):
        return len(name.rpartition(".")[2]) == 1  # a strftime letter
    return name.startswith(("workflow.labels." + SYSTEM_LABELS, "workflow.annotations." + SYSTEM_LABELS))


def _names(expression: str) -> list[str]:
    """The variables of an expression: `a.b['c-d'].e` is `a.b.c-d.e`. Functions, and sprig's, are left out."""
    dotted = _TEXT.sub(lambda found: "." + (found[1] or found[2]).replace("-", _HYPHEN), expression)
    found = [name.replace(_HYPHEN, "-") for name in _NAME.findall(_LITERAL.sub("''", dotted))]
    return [name for name in found if name not in _WORDS and not name.startswith("sprig.")]
