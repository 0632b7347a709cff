"""What Argo's models allow and nobody means: each rule names the trouble it spares."""

import re
from collections.abc import Iterator
from zoneinfo import available_timezones

from workflows.duration import seconds
from workflows.lint.document import CALLERS, Document, Json, containers, names_in
from workflows.retry import retry_of
from workflows.substitution import Path, substitute, tags

_DNS = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_CRON_FIELD = re.compile(r"(\*|\d+(-\d+)?)(/\d+)?(,(\*|\d+(-\d+)?)(/\d+)?)*")
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))

Found = Iterator[tuple[Path, str]]


def problems(document: Document) -> list[str]:
    """The rules that the document breaks."""
    found: list[tuple[Path, str]] = [*_of_names(document), *_of_spec(document)]
    if document.kind == "CronWorkflow":
        found += _of_schedule(document.raw["spec"])
    for index, template in enumerate(document.templates):
        for rule in (_of_callers, _of_retries, _of_volumes):
            found += [((*document.template_path(index), *path), text) for path, text in rule(template, document.spec)]
        found += [((*document.template_path(index), *path), text) for path, text in _of_containers(document, template)]
    return [f"{document.at(path)}: {text}" for path, text in found]


def _of_names(document: Document) -> Found:
    name = str((document.raw.get("metadata") or {}).get("name") or "")
    longest = 52 if document.kind == "CronWorkflow" else 63  # a run of a schedule is called after it and the time
    if name and (not _DNS.fullmatch(name) or len(name) > longest):
        yield ("metadata", "name"), f"{name!r} is not a name of at most {longest} lower-case letters, digits, - and ."
    if not name and not (document.raw.get("metadata") or {}).get("generateName"):
        yield ("metadata",), "there is neither a name nor a generateName"


def _of_spec(document: Document) -> Found:
    spec, here = document.spec, document.spec_path
    yield from (((*here, *path), text) for path, text in _of_locks(spec))
    for index, template in enumerate(document.templates):
        yield from (((*document.template_path(index), *path), text) for path, text in _of_locks(template))
    delay = (spec.get("podGC") or {}).get("deleteDelayDuration")
    yield from _duration((*here, "podGC", "deleteDelayDuration"), delay)


def _of_locks(holder: Json) -> Found:
    """A mutex without a name locks nothing that anyone else would wait for."""
    mutexes = (holder.get("synchronization") or {}).get("mutexes") or []
    for index, mutex in enumerate(mutexes):
        place = ("synchronization", "mutexes", index, "name")
        name = str(mutex.get("name") or "")
        if not name:
            yield place, "the mutex has no name"
        elif names_in(mutexes).count(name) > 1:
            yield place, f"the mutex {name!r} is taken twice: the workflow would wait for itself"
        elif not tags(name) and not _DNS.fullmatch(name):
            yield place, f"{name!r} is not a name of lower-case letters, digits, - and ."


def _of_schedule(spec: Json) -> Found:
    for index, schedule in enumerate(spec.get("schedules") or []):
        if text := cron_problem(schedule):
            yield ("spec", "schedules", index), text
    if not spec.get("schedules"):
        yield ("spec", "schedules"), "there is no schedule"
    zone = spec.get("timezone")
    if zone is None:
        yield ("spec",), "there is no timezone: the schedule would follow the clock of the controller's machine"
    elif zone not in available_timezones():
        yield ("spec", "timezone"), f"{zone!r} is not an IANA time zone"


def cron_problem(schedule: str) -> str | None:
    """What is wrong with five cron fields. Names of days and months and @daily are not used here, so not known."""
    fields = schedule.split()
    if len(fields) != 5:
        return f"{schedule!r} has {len(fields)} fields, not five"
    for field, (low, high) in zip(fields, _CRON_RANGES, strict=True):
        numbers = [int(n) for n in re.findall(r"(?<![/\d])\d+", field)]
        if not _CRON_FIELD.fullmatch(field) or any(not low <= n <= high for n in numbers):
            return f"{field!r} in {schedule!r} is not a cron field from {low} to {high}"
    return None


def _of_callers(template: Json, _spec: Json) -> Found:
    """v4's CRD rules refuse these on a template that runs no pod of its own."""
    caller = next((kind for kind in CALLERS if template.get(kind) is not None), None)
    for field in ("timeout", "activeDeadlineSeconds"):
        if caller and template.get(field) is not None:
            yield (
                (field,),
                f"a {caller} template takes no {field}: set it on the leaves, or activeDeadlineSeconds on the workflow",
            )
    if not caller:
        yield from _duration(("timeout",), template.get("timeout"))


def _of_retries(template: Json, _spec: Json) -> Found:
    try:
        retry_of(template.get("retryStrategy"))
    except ValueError as error:
        yield ("retryStrategy",), str(error)


def _of_volumes(template: Json, spec: Json) -> Found:
    every = {*names_in(spec.get("volumes")), *names_in(template.get("volumes"))}
    every |= {str((claim.get("metadata") or {}).get("name")) for claim in spec.get("volumeClaimTemplates") or []}
    for place, container in containers(template):
        for index, mount in enumerate(container.get("volumeMounts") or []):
            if mount.get("name") not in every:
                yield (*place, "volumeMounts", index), f"there is no volume {mount.get('name')!r}"


def _of_containers(document: Document, template: Json) -> Found:
    parameters = (document.spec.get("arguments") or {}).get("parameters") or []
    values = {f"workflow.parameters.{p.get('name')}": str(p["value"]) for p in parameters if p.get("value") is not None}
    for place, container in containers(template):
        if not container.get("command"):
            yield (
                place,
                "there is no command: Argo would ask the image's registry, which fails for an image loaded by hand",
            )
        for env in {n for n in names_in(container.get("env")) if names_in(container.get("env")).count(n) > 1}:
            yield (*place, "env"), f"the variable {env!r} is set twice"
        if text := _image(str(container.get("image") or ""), values):
            yield (*place, "image"), text


def _image(image: str, values: dict[str, str]) -> str | None:
    """What is wrong with an image, parameters of the workflow put in."""
    known = {tag: values.get(tag, "unknown") for tag in tags(image)}
    name = str(substitute(image, known))
    if not name:
        return "there is no image"
    if "@sha256:" in name:
        return None
    tag = name.rpartition("/")[2].partition(":")[2]
    if not tag or tag == "latest":
        return f"the image {name!r} has {'the tag latest' if tag else 'no tag'}: nobody could say what a run ran"
    return None


def _duration(place: Path, text: str | None) -> Found:
    if text and not tags(text):
        try:
            seconds(text)
        except ValueError as error:
            yield place, str(error)
