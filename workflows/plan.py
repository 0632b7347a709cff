"""A built WorkflowTemplate made ready to run here: checked, its parameters and variables filled in, or refused.

Everything that can be refused is refused here, in one sentence and before anything starts.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey.errors import BadInput
from workflows.depends import OF_LOOPS, Depends, depends_of
from workflows.duration import seconds
from workflows.expression import names
from workflows.lint import problems
from workflows.parameters import values_of
from workflows.retry import Retry, retry_of
from workflows.substitution import substitute, tags, texts

OUTPUTS = "/tmp/outputs"
# the tags whose values are known while a run goes on
_OF_A_RUN = re.compile(
    r"inputs\.parameters\..+|outputs\.(parameters|artifacts)\..+\.path|tasks\..+\.(status|exitCode|outputs\.parameters\..+)"
    r"|workflow\.name|pod\.name|node\.name|tasks\.name|retries|lastRetry\.\w+"
)
_OUTPUTS = re.compile(re.escape(OUTPUTS) + r"(?![\w-])")

Json = dict[str, Any]

# What this runner carries out, and what it may pass over because it changes where a task runs, not what it does.
SPEC = {
    *("entrypoint", "arguments", "templates", "parallelism", "activeDeadlineSeconds"),
    *(
        "podGC",
        "podMetadata",
        "securityContext",
        "serviceAccountName",
        "synchronization",
        "ttlStrategy",
        "workflowMetadata",
    ),
    *("affinity", "artifactGC", "artifactRepositoryRef", "automountServiceAccountToken", "imagePullSecrets", "metrics"),
    *(
        "nodeSelector",
        "podDisruptionBudget",
        "podPriorityClassName",
        "priority",
        "tolerations",
        "volumes",
        "archiveLogs",
    ),
}
LEAF = {
    *("name", "container", "inputs", "outputs", "retryStrategy", "timeout"),
    *(
        "metadata",
        "metrics",
        "volumes",
        "securityContext",
        "serviceAccountName",
        "affinity",
        "nodeSelector",
        "tolerations",
    ),
    *("archiveLocation", "automountServiceAccountToken", "priorityClassName", "annotations"),
}
CONTAINER = {
    *("command", "args", "env", "envFrom"),
    *("image", "imagePullPolicy", "resources", "securityContext", "volumeMounts", "name", "terminationMessagePolicy"),
}
DAG_TEMPLATE = {"name", "dag", "metadata", "metrics", "parallelism", "failFast"}  # Hera writes failFast here too
DAG = {"tasks", "failFast"}
TASK = {"name", "template", "arguments", "depends", "dependencies"}


@dataclass(frozen=True)
class Step:
    """A task of the DAG. `template` and `arguments` still hold tags; `timeout` is seconds of one attempt."""

    name: str
    waits: Depends
    template: Json
    arguments: dict[str, str]
    retry: Retry
    timeout: float | None


@dataclass(frozen=True)
class Plan:
    """at_once: how many tasks may run together, None: any number. deadline: seconds for the whole run."""

    name: str
    steps: dict[str, Step]
    values: dict[str, str]
    is_fail_fast: bool
    at_once: int | None
    deadline: float | None


@dataclass(frozen=True)
class Command:
    """What one attempt runs, nothing left to fill in."""

    words: list[str]
    environment: dict[str, str]


def plan_of(document: Json, parameters: Mapping[str, str], environment: Mapping[str, str]) -> Plan:
    """Read a WorkflowTemplate as `template.to_dict()` gives it.

    Raises: BadInput, for a manifest with problems, a field that cannot be carried out here, a parameter that is
    unknown, missing or not allowed, a variable without its value, a command that is not there.
    """
    if found := problems([document]):
        raise BadInput(found[0] if len(found) == 1 else f"{found[0]} (and {len(found) - 1} more; see `journey lint`)")
    spec = document["spec"]
    _only(spec, SPEC, "the workflow")
    templates = {str(template["name"]): template for template in spec["templates"]}
    entry = templates.get(str(spec.get("entrypoint")))
    if entry is None or "dag" not in entry:
        raise BadInput(f"the entrypoint {spec.get('entrypoint')!r} is no DAG; only a DAG can be run here")
    _only(entry, DAG_TEMPLATE, f"template {entry['name']}")
    _only(entry["dag"], DAG, f"template {entry['name']}, dag")
    steps = {str(task["name"]): _step(task, templates) for task in entry["dag"]["tasks"]}
    limits = [limit for limit in (spec.get("parallelism"), entry.get("parallelism")) if limit]
    plan = Plan(
        name=str(document["metadata"]["name"]),
        steps=steps,
        values={
            f"workflow.parameters.{name}": value
            for name, value in values_of(spec.get("arguments") or {}, parameters).items()
        },
        is_fail_fast=entry["dag"].get("failFast") is not False,
        at_once=min(limits, default=None),
        deadline=spec.get("activeDeadlineSeconds"),
    )
    for step in steps.values():
        _try_out(step, plan.values, environment)
    return plan


def command_of(step: Step, values: Mapping[str, str], environment: Mapping[str, str], outputs: Path) -> Command:
    """The command of one attempt. `outputs` stands in for /tmp/outputs in everything the container is told.

    `environment` is what the image and its ConfigMaps and Secrets would bring: all of it is passed on, and a reference
    to a Secret's or ConfigMap's key is answered by the variable of the same name.
    """
    inputs = {f"inputs.parameters.{name}": value for name, value in inputs_of(step, values).items()}
    container = in_folder(substitute(step.template["container"], {**values, **inputs}), outputs)
    own = _variables(step.name, container, environment)
    words = [*container["command"], *(container.get("args") or [])]
    path = {**environment, **own}.get("PATH", "")
    program = shutil.which(words[0], path=path)
    if program is None:
        raise BadInput(f"task {step.name} runs {words[0]!r}, which is not in PATH {path!r}; install it or mend PATH")
    return Command([program, *words[1:]], {**environment, **own})


def inputs_of(step: Step, values: Mapping[str, str]) -> dict[str, str]:
    """The input parameters of a task's template: what the task passes, else the template's default."""
    declared = (step.template.get("inputs") or {}).get("parameters") or []
    defaults = {p["name"]: str(p.get("value", p.get("default"))) for p in declared}
    given: dict[str, str] = {**defaults, **step.arguments}
    return {name: str(substitute(value, values)) for name, value in given.items()}


def in_folder(value: Any, outputs: Path) -> Any:
    """A copy of nested dicts and lists with /tmp/outputs replaced by a folder of this machine."""
    if isinstance(value, str):
        return _OUTPUTS.sub(lambda _: str(outputs), value)
    if isinstance(value, dict):
        return {key: in_folder(part, outputs) for key, part in value.items()}
    return [in_folder(part, outputs) for part in value] if isinstance(value, list) else value


def _only(holder: Json, known: set[str], where: str) -> None:
    for field in holder:
        if field not in known:
            raise BadInput(f"{where}: {field} cannot be carried out without a cluster; run it there, or leave it out")


def _step(task: Json, templates: Mapping[str, Json]) -> Step:
    where = f"task {task['name']}"
    _only(task, TASK, where)
    template = templates[str(task["template"])]
    if "container" not in template:
        raise BadInput(f"{where}: template {template['name']} is no container; only containers can be run here")
    _only(template, LEAF, f"template {template['name']}")
    _only(template["container"], CONTAINER, f"template {template['name']}, container")
    if "artifacts" in (template.get("inputs") or {}):
        raise BadInput(f"template {template['name']}: input artifacts cannot be brought in without an artifact store")
    for output in (template.get("outputs") or {}).get("parameters") or []:
        if not str((output.get("valueFrom") or {}).get("path")).startswith(f"{OUTPUTS}/"):
            raise BadInput(f"template {template['name']}: output {output['name']} is no file under {OUTPUTS}")
    own = {field: part for field, part in template.items() if field != "metrics"}  # the controller's, not the pod's
    for _, text in texts([own, task]):
        if any(tag.startswith("=") for tag in tags(text)):
            raise BadInput(f"{where}: expression tags are not evaluated here: {text!r}")
    waits = depends_of(task)
    if waits.condition and any(name.endswith(OF_LOOPS) for name in names(waits.condition)):
        raise BadInput(f"{where}: {' and '.join(OF_LOOPS)} are for loops, which cannot be run here")
    retry = retry_of(template.get("retryStrategy"))
    if retry.policy == "OnTransientError":
        raise BadInput(
            f"template {template['name']}: which errors are transient is for Argo to know, not for a local run"
        )
    passed = (task.get("arguments") or {}).get("parameters") or []
    if any("value" not in p for p in passed) or "artifacts" in (task.get("arguments") or {}):
        raise BadInput(f"{where}: only parameters with a value can be passed here")
    timeout = seconds(template["timeout"]) if template.get("timeout") else None
    return Step(str(task["name"]), waits, template, {p["name"]: p["value"] for p in passed}, retry, timeout)


def _variables(task: str, container: Json, environment: Mapping[str, str]) -> dict[str, str]:
    """The container's own `env`."""
    own: dict[str, str] = {}
    for variable in container.get("env") or []:
        name, source = str(variable["name"]), variable.get("valueFrom")
        if source is None:
            own[name] = str(variable.get("value") or "")
            continue
        reference = source.get("secretKeyRef") or source.get("configMapKeyRef")
        if reference is None:
            raise BadInput(f"task {task}: {name} comes from {', '.join(source)}, which only a cluster has")
        if name in environment:
            own[name] = environment[name]
        elif not reference.get("optional"):
            raise BadInput(f"task {task}: {name} comes from {reference['name']} on a cluster; here, set {name} itself")
    return own


def _try_out(step: Step, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Fill everything in once with stand-ins for what only a run knows, so that no task is refused half-way."""
    used = {tag for _, text in texts([step.template["container"], step.arguments]) for tag in tags(text)}
    for tag in used - values.keys():
        if not _OF_A_RUN.fullmatch(tag):
            raise BadInput(f"task {step.name}: {{{{{tag}}}}} has no value without a cluster")
    command_of(step, {**dict.fromkeys(used, ""), **values}, environment, Path(OUTPUTS))
