"""The chart, rendered by a real Helm."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from charts.helm import helm

CHART = Path(__file__).parents[2] / "charts" / "customer-journey"
SCENARIOS = sorted(file.stem.removesuffix("-values") for file in (CHART / "ci").glob("*-values.yaml"))
NAMESPACE = "some-namespace"

Json = dict[str, Any]


def run(*arguments: str, major: int = 4) -> subprocess.CompletedProcess[str]:
    """Helm's answer, whatever it is."""
    return subprocess.run([str(helm(major)), *arguments], capture_output=True, text=True, check=False, timeout=60)


def template(*arguments: str, major: int = 4, name: str = "customer-journey") -> subprocess.CompletedProcess[str]:
    """`helm template` with these arguments."""
    return run("template", name, str(CHART), "--namespace", NAMESPACE, *arguments, major=major)


def values_of(scenario: str) -> Path:
    """The values file of a scenario."""
    return CHART / "ci" / f"{scenario}-values.yaml"


@cache
def rendered(*arguments: str, major: int = 4) -> tuple[Json, ...]:
    """The objects that the chart makes with these arguments."""
    done = template(*arguments, major=major)
    assert done.returncode == 0, done.stderr
    return tuple(document for document in yaml.safe_load_all(done.stdout) if document)


def scenario(name: str, major: int = 4) -> tuple[Json, ...]:
    """The objects of a scenario."""
    return rendered("--values", str(values_of(name)), major=major)


def find(objects: tuple[Json, ...], kind: str, name: str) -> Json:
    """The one object of that kind and name; a name that ends in - is its beginning."""
    found = [
        o
        for o in objects
        if o["kind"] == kind
        and (o["metadata"]["name"] == name or (name.endswith("-") and o["metadata"]["name"].startswith(name)))
    ]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def pods(objects: tuple[Json, ...]) -> dict[str, Json]:
    """Every pod: the object that makes it, and its specification with its metadata."""
    found: dict[str, Json] = {}
    for document in objects:
        name = f"{document['kind']}/{document['metadata']['name']}"
        if document["kind"] == "Pod":
            found[name] = document
        elif document["kind"] in ("StatefulSet", "Deployment", "Job"):
            found[name] = document["spec"]["template"]
    return found
