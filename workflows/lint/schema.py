"""Every field against Argo's API models as Hera ships them: at any depth an unknown one or a wrong type is an error."""

import json
from typing import Any

from hera.workflows import models
from pydantic import BaseModel, ValidationError

from workflows.lint.document import Document
from workflows.substitution import Path

MODELS: dict[str, type[BaseModel]] = {
    "WorkflowTemplate": models.WorkflowTemplate,
    "ClusterWorkflowTemplate": models.ClusterWorkflowTemplate,
    "CronWorkflow": models.CronWorkflow,
    "Workflow": models.Workflow,
}
API_VERSION = "argoproj.io/v1alpha1"

# Fields that take one of a few words but are plain text in the models: the end of the path, and the words.
WORDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("concurrencyPolicy",): ("Allow", "Forbid", "Replace"),
    ("podGC", "strategy"): ("OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"),
    ("volumeClaimGC", "strategy"): ("OnWorkflowCompletion", "OnWorkflowSuccess"),
    ("artifactGC", "strategy"): ("OnWorkflowCompletion", "OnWorkflowDeletion", "Never"),
    ("retryStrategy", "retryPolicy"): ("Always", "OnFailure", "OnError", "OnTransientError"),
    ("imagePullPolicy",): ("Always", "IfNotPresent", "Never"),
    ("dnsPolicy",): ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    ("seccompProfile", "type"): ("RuntimeDefault", "Localhost", "Unconfined"),
    ("emptyDir", "medium"): ("", "Memory"),
    ("terminationMessagePolicy",): ("File", "FallbackToLogsOnError"),
    ("fsGroupChangePolicy",): ("Always", "OnRootMismatch"),
}


def problems(document: Document) -> list[str]:
    """What the API would not take."""
    model = MODELS.get(document.kind)
    if model is None:
        return [f"{document.at(())}: the kind {document.kind!r} is none of Argo's; known are {', '.join(MODELS)}"]
    if document.raw.get("apiVersion") != API_VERSION:
        return [f"{document.at(('apiVersion',))}: {document.raw.get('apiVersion')!r} is not {API_VERSION}"]
    found: list[str] = []
    try:
        # by alias only, or pydantic would take `active_deadline_seconds` for the API's activeDeadlineSeconds
        model.model_validate_json(json.dumps(document.raw), strict=True, extra="forbid", by_alias=True, by_name=False)
    except ValidationError as error:
        found += [_sentence(document, one["loc"], one["type"], one["msg"]) for one in error.errors()]
    return found or _words(document, document.raw, ())


def _sentence(document: Document, place: Path, kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"{document.at(place[:-1])}: there is no field {place[-1]!r} here"
    if kind == "missing":
        return f"{document.at(place[:-1])}: the field {place[-1]!r} is missing"
    return f"{document.at(place)}: {message[0].lower()}{message[1:]}"


def _words(document: Document, value: Any, path: Path) -> list[str]:
    if isinstance(value, list):
        return [p for n, part in enumerate(value) for p in _words(document, part, (*path, n))]
    if not isinstance(value, dict):
        return _word(document, value, path)
    return [p for key, part in value.items() for p in _words(document, part, (*path, key))]


def _word(document: Document, value: Any, path: Path) -> list[str]:
    for end, words in WORDS.items():
        if path[-len(end) :] == end and value not in words:
            return [f"{document.at(path)}: {value!r} is not one of {', '.join(filter(None, words))}"]
    return []
