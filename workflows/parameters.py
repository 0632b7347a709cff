"""Values for the parameters of a workflow: checked, or refused in one sentence before anything starts."""

import re
from collections.abc import Mapping
from typing import Any

from journey.errors import BadInput
from journey.settings import Settings

Json = dict[str, Any]

_DNS = r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?"
# What Settings does not know, for they say where a run takes its images and secrets from.
_OF_THE_CLUSTER = {
    "image_repository": (
        r"[a-z0-9]+([._/:-]+[a-z0-9]+)*",
        "a registry and folder such as europe-docker.pkg.dev/project/customer-journey",
    ),
    "image_tag": (r"(?!latest$)\w[\w.-]{0,127}", "one version such as 0.1.0, never latest"),
    "postgresql_secret": (_DNS, "the name of a Secret"),
    "google_key_secret": (_DNS, "the name of a Secret"),
    "email_salt_secret": (_DNS, "the name of a Secret"),
}


def pairs(texts: list[str]) -> dict[str, str]:
    """`name=value` texts of a command line as a dict.

    Raises: BadInput, for one without an equals sign, or a name given twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadInput(f"{text!r} is no parameter with a value: write it as name=value")
        if name in found:
            raise BadInput(f"parameter {name} is given twice, as {found[name]!r} and {value!r}: give it once")
        found[name] = value
    return found


def values_of(arguments: Json, given: Mapping[str, str]) -> dict[str, str]:
    """The value of every parameter that `arguments` declares, as a manifest holds them; `given` wins.

    Raises: BadInput, for a parameter that is unknown, without a value, or not one of its enum.
    """
    declared = {str(p["name"]): p for p in arguments.get("parameters") or []}
    for name in given:
        if name not in declared:
            raise BadInput(f"there is no parameter {name!r}; there are {', '.join(declared)}")
    values: dict[str, str] = {}
    for name, parameter in declared.items():
        value = given.get(name, parameter.get("value"))
        if value is None:
            raise BadInput(f"parameter {name} has no value; give it one")
        if parameter.get("enum") and value not in parameter["enum"]:
            raise BadInput(f"parameter {name} is {value!r}, which is not one of {', '.join(parameter['enum'])}")
        values[name] = str(value)
    return values


def check(values: Mapping[str, str]) -> None:
    """Judge values as the stages will, so that a mistake shows here and not in a pod.

    Raises: BadInput, naming the parameter, its value and what is allowed.
    """
    Settings.from_parameters({name: value for name, value in values.items() if name in Settings.model_fields})
    for name, (pattern, allowed) in _OF_THE_CLUSTER.items():
        if name in values and not re.fullmatch(pattern, values[name]):
            raise BadInput(f"parameter {name} is {values[name]!r}, which is not allowed: give {allowed}")
