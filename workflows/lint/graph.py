"""Who calls whom, who waits for whom, and whether what a call passes is what the called template declares."""

from collections.abc import Iterable
from typing import Any

from workflows.depends import Depends, depends_of
from workflows.expression import Unknown
from workflows.lint.document import CALLERS, LEAVES, Document, Documents, Json, calls, names_in
from workflows.substitution import Path, tags


def problems(document: Document, every: Documents) -> list[str]:
    """Dangling, circular and ambiguous names, and arguments that do not fit."""
    spec, here = document.spec, document.spec_path
    found = _twice(document, (*here, "templates"), names_in(document.templates), "template")
    found += _parameters(document, here, spec.get("arguments") or {}, "arguments")
    if reference := spec.get("workflowTemplateRef"):
        found += _of_reference(document, reference, every)
    elif spec.get("templates") is None:
        found.append(f"{document.at(here)}: there are neither templates nor a workflowTemplateRef")
    elif document.kind == "Workflow" and not spec.get("entrypoint"):
        found.append(f"{document.at(here)}: there is no entrypoint")
    for field in ("entrypoint", "onExit"):
        name = spec.get(field)
        if name and not reference and not tags(name) and document.template(name) is None:
            found.append(f"{document.at((*here, field))}: there is no template {name!r}")
    for index, template in enumerate(document.templates):
        found += _of_template(document, document.template_path(index), template, every)
    return found + _hooks(document, here, spec)


def _hooks(document: Document, here: Path, holder: Json) -> list[str]:
    hooks = {name: hook.get("template") for name, hook in (holder.get("hooks") or {}).items()}
    missing = {name: of for name, of in hooks.items() if of and document.template(of) is None}
    return [f"{document.at((*here, 'hooks', name))}: there is no template {of!r}" for name, of in missing.items()]


def ancestors(template: Json) -> dict[str, set[str]]:
    """For each task of a DAG every task that has ended before it starts; none where `depends` cannot be read."""
    direct: dict[str, frozenset[str]] = {}
    for _, task in calls(template):
        try:
            direct[str(task.get("name"))] = depends_of(task).tasks
        except Unknown:
            direct[str(task.get("name"))] = frozenset()
    return {name: _reach(name, direct) for name in direct}


def _reach(name: str, direct: dict[str, frozenset[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(direct[name])
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += direct.get(one, ())
    return seen


def _of_template(document: Document, here: Path, template: Json, every: Documents) -> list[str]:
    kinds = [kind for kind in (*LEAVES, *CALLERS) if template.get(kind) is not None]
    found: list[str] = []
    if not template.get("name"):
        found.append(f"{document.at(here)}: the template has no name")
    if len(kinds) != 1:
        found.append(
            f"{document.at(here)}: a template is exactly one of {', '.join((*LEAVES, *CALLERS))}; this is {kinds}"
        )
    for side in ("inputs", "outputs"):
        found += _parameters(document, here, template.get(side) or {}, side)
    for place, call in calls(template):
        found += _of_call(document, (*here, *place), call, every)
        found += _hooks(document, (*here, *place), call)
    return found + _order(document, here, template)


def _order(document: Document, here: Path, template: Json) -> list[str]:
    """Names of tasks and steps, and what tasks wait for."""
    made = [str(call.get("name")) for _, call in calls(template)]
    found = _twice(document, here, made, "task" if template.get("dag") else "step")
    if not template.get("dag"):
        return found
    for place, task in calls(template):
        at = document.at((*here, *place, "depends"))
        if task.get("depends") and task.get("dependencies"):
            found.append(f"{at}: depends and dependencies exclude each other")
        try:
            waits: Depends = depends_of(task)
        except Unknown as error:
            found.append(f"{at}: {error}")
            continue
        found += [f"{at}: there is no task {name!r} in this DAG" for name in sorted(waits.tasks - set(made))]
    for name, before in ancestors(template).items():
        if name in before:
            found.append(
                f"{document.at(here)}: task {name!r} waits for itself: {' and '.join(sorted(before))} go round"
            )
    for name in str((template.get("dag") or {}).get("target") or "").split():
        if name not in made and not tags(name):
            found.append(f"{document.at((*here, 'dag', 'target'))}: there is no task {name!r} in this DAG")
    return found


def _of_call(document: Document, here: Path, call: Json, every: Documents) -> list[str]:
    """One task or step: the template it names and what it passes."""
    given = call.get("arguments") or {}
    found = _parameters(document, here, given, "arguments")
    if call.get("inline"):
        return found
    reference, name = call.get("templateRef"), call.get("template")
    if bool(reference) == bool(name):
        return [*found, f"{document.at(here)}: a call names a template or a templateRef, one of them"]
    owner = every.referred(reference) if reference else document
    name = reference.get("template") if reference else name
    if tags(str(name)):
        return found  # decided at run time
    called = owner.template(name) if owner else None
    if called is None:
        whose = f" in {reference.get('name')!r} among these documents" if reference else ""
        return [*found, f"{document.at(here)}: there is no template {name!r}{whose}"]
    for side in ("parameters", "artifacts"):
        passed, declared = given.get(side) or [], (called.get("inputs") or {}).get(side) or []
        found += _fit(document, (*here, "arguments", side), passed, declared, f"template {name!r}")
    return found


def _of_reference(document: Document, reference: Json, every: Documents) -> list[str]:
    """A workflowTemplateRef, and the arguments passed to it."""
    here = document.spec_path
    referred = every.referred(reference)
    if referred is None:
        at = document.at((*here, "workflowTemplateRef", "name"))
        return [f"{at}: there is no WorkflowTemplate {reference.get('name')!r} among these documents"]
    passed = (document.spec.get("arguments") or {}).get("parameters") or []
    declared = (referred.spec.get("arguments") or {}).get("parameters") or []
    return _fit(document, (*here, "arguments", "parameters"), passed, declared, f"WorkflowTemplate {referred.name!r}")


def _fit(document: Document, here: Path, passed: list[Json], declared: list[Json], whose: str) -> list[str]:
    found: list[str] = []
    inputs = {str(one.get("name")): one for one in declared}
    for index, one in enumerate(passed):
        at = document.at((*here, index))
        name, value = str(one.get("name")), one.get("value")
        if name not in inputs:
            found.append(f"{at}: {whose} declares no {name!r}; it declares {', '.join(inputs) or 'none'}")
            continue
        allowed = inputs[name].get("enum")
        if allowed and value is not None and not tags(value) and value not in allowed:
            found.append(f"{at}: {value!r} is not one of {', '.join(allowed)}, which {whose} allows for {name!r}")
        if "parameters" in here and value is None and one.get("valueFrom") is None:
            found.append(f"{at}: {name!r} is passed without a value")
    for name in inputs.keys() - set(names_in(passed)):
        has_own = any(
            inputs[name].get(key) is not None for key in ("value", "default", "valueFrom", "from", "raw", "s3")
        )
        if not has_own and not inputs[name].get("optional"):
            found.append(f"{document.at(here)}: {whose} wants {name!r}, which is not passed and has no default")
    return found


def _parameters(document: Document, here: Path, holder: Json, side: str) -> list[str]:
    """Names twice, and values outside their own enum."""
    found: list[str] = []
    for kind in ("parameters", "artifacts"):
        found += _twice(document, (*here, side, kind), names_in(holder.get(kind)), kind[:-1])
    for index, one in enumerate(holder.get("parameters") or []):
        for key in ("value", "default"):
            value: Any = one.get(key)
            if one.get("enum") and value is not None and value not in one["enum"] and not tags(value):
                at = document.at((*here, side, "parameters", index, key))
                found.append(f"{at}: {value!r} is not one of {', '.join(one['enum'])}")
    return found


def _twice(document: Document, here: Path, names: Iterable[str], what: str) -> list[str]:
    every = list(names)
    return [
        f"{document.at(here)}: {every.count(n)} have the {what} name {n!r}"
        for n in sorted({n for n in every if every.count(n) > 1})
    ]
