"""The Argo manifests as YAML, made from what Hera builds. Nobody edits the files; the tests hold golden copies."""

from typing import Any

import yaml

from workflows.pipeline import template
from workflows.schedule import schedule


def documents() -> dict[str, dict[str, Any]]:
    """Every manifest as Argo takes it, by the file name it is written to, in the order in which to apply them."""
    return {
        "workflow-template.yaml": template.to_dict(),
        "cron-workflow.yaml": schedule.to_dict(),
    }


def manifests() -> dict[str, str]:
    """File name to YAML, one document a file; the same text every time."""
    return {name: to_yaml(document) for name, document in documents().items()}


def to_yaml(document: dict[str, Any]) -> str:
    """One document, keys in Hera's order."""
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
