"""The Argo manifests as YAML, made from what Hera builds. Nobody edits the files; the tests hold golden copies."""

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from journey.errors import BadInput
from workflows.lint.rules import cron_problem
from workflows.parameters import check, values_of
from workflows.pipeline import template
from workflows.schedule import schedule

Json = dict[str, Any]

OF_THE_SCHEDULE = "cron_"


def documents(defaults: Mapping[str, str] | None = None) -> dict[str, Json]:
    """Every manifest as Argo takes it, by the file name it is written to, in the order in which to apply them.

    defaults: values for parameters of the template. Of the schedule `cron_schedule` sets when it fires, and
    `cron_<parameter>` what its runs are given; `start` and `end` stay empty there without that. It fires in the shop's
    time zone, `time_zone`.
    Raises: BadInput, for a name or a value that cannot be.
    """
    given = dict(defaults or {})
    of_cron = {n.removeprefix(OF_THE_SCHEDULE): given.pop(n) for n in list(given) if n.startswith(OF_THE_SCHEDULE)}
    workflow, cron = copy.deepcopy(template.to_dict()), copy.deepcopy(schedule.to_dict())
    values = values_of(workflow["spec"]["arguments"], given)
    check(values)
    for parameter in workflow["spec"]["arguments"]["parameters"]:
        parameter["value"] = values[parameter["name"]]
    _set_schedule(cron["spec"], workflow["spec"]["arguments"], values["time_zone"], of_cron)
    return {"workflow-template.yaml": workflow, "cron-workflow.yaml": cron}


def _set_schedule(spec: Json, declared: Json, time_zone: str, given: dict[str, str]) -> None:
    when = given.pop("schedule", spec["schedules"][0])
    if problem := cron_problem(when):
        raise BadInput(f"cron_schedule is no cron schedule: {problem}")
    spec["schedules"], spec["timezone"] = [when], time_zone
    passed = {p["name"]: p["value"] for p in spec["workflowSpec"]["arguments"]["parameters"]} | given
    check(values_of(declared, passed))
    spec["workflowSpec"]["arguments"]["parameters"] = [{"name": name, "value": passed[name]} for name in passed]


def manifests(defaults: Mapping[str, str] | None = None) -> dict[str, str]:
    """File name to YAML, one document a file; the same text every time."""
    return {name: to_yaml(document) for name, document in documents(defaults).items()}


def to_yaml(document: Json) -> str:
    """One document, keys in Hera's order."""
    return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
