"""Wrong values are refused before anything is made, in words that name the value."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import CHART, rendered, run, template
from workflows.pipeline import SETTINGS

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())

# what is given, and what Helm says of it
REFUSED_BY_SCHEMA = {
    "a name that is none": ("--set=emulatr.enabled=false", "emulatr"),
    "a name that is none, further down": ("--set=postgresql.pasword=x", "pasword"),
    "a parameter that is none": ("--set=parameters.sart=2020-11-01", "sart"),
    "the tag latest": ("--set=image.tag=latest", "/image/tag"),
    "latest of PostgreSQL": ("--set=postgresql.image.tag=latest", "/postgresql/image/tag"),
    "no tag of PostgreSQL": ("--set=postgresql.image.tag=", "/postgresql/image/tag"),
    "a tag in the repository": ("--set=image.repository=ghcr.io/x/", "/image/repository"),
    "a pull policy": ("--set=image.pullPolicy=Sometimes", "'Always', 'IfNotPresent', 'Never'"),
    "a project": ("--set=project=My_Project", "/project"),
    "a backend": ("--set=parameters.backend=mysql", "'synthetic', 'existing'"),
    "a day": ("--set=parameters.start=2020-13-01", "/parameters/start"),
    "a seed": ("--set=parameters.seed=-1", "/parameters/seed"),
    "a share": ("--set=parameters.gap_rate=1.0", "/parameters/gap_rate"),
    "a schedule": ("--set=parameters.cron_schedule=daily", "/parameters/cron_schedule"),
    "a scale": ("--set=source.scale=0", "/source/scale"),
    "a scale beyond the largest": ("--set=source.scale=11", "/source/scale"),
    "a source": ("--set=parameters.ga4_source=onlydataset", "/parameters/ga4_source"),
    "the superuser": ("--set=postgresql.user=postgres", "/postgresql/user"),
    "a name that would break out of SQL": ("--set=postgresql.user=a'b", "/postgresql/user"),
    "a port": ("--set=postgresql.port=70000", "/postgresql/port"),
    "a size": ("--set=emulator.persistence.size=lots", "/emulator/persistence/size"),
    "a quantity": ("--set=emulator.resources.limits.memory=4 GB", "/emulator/resources/limits/memory"),
    "a store": ("--set=artifacts.repository=minio", "'none', 'store', 's3', 'gcs'"),
    "an endpoint with a scheme": ("--set=artifacts.s3.endpoint=https://s3.example.com", "/artifacts/s3/endpoint"),
    "addresses": ("--set=networkPolicy.apiServer.cidrs={10.0.0.1}", "/networkPolicy/apiServer/cidrs"),
    "text for a switch": ("--set-string=networkPolicy.enabled=false", "/networkPolicy/enabled"),
    "a secret's name": ("--set=emailSalt.existingSecret=My_Salt", "/emailSalt/existingSecret"),
}

# each value is allowed, the two together are not
CONTRADICTIONS = {
    "the emulator and a key": (["google.existingSecret=key"], "emulator asks for no key"),
    "Google and the emulator's project": (["emulator.enabled=false"], "set project to your own"),
    "a key and an identity": (
        [
            "emulator.enabled=false,project=my-project,google.existingSecret=key",
            r"serviceAccount.annotations.iam\.gke\.io/gcp-service-account=a@b",
        ],
        "leave one of them out",
    ),
    "two PostgreSQLs": (["postgresql.host=db"], "postgresql.enabled=false to use that one"),
    "no PostgreSQL": (["postgresql.enabled=false"], "postgresql.host is empty"),
    "a PostgreSQL without a password": (["postgresql.enabled=false,postgresql.host=db"], "existingSecret is empty"),
    "a shop that might be overwritten": (
        ["postgresql.enabled=false,postgresql.host=db,postgresql.existingSecret=s"],
        "parameters.backend is not set",
    ),
    "a start without an end": (["parameters.start=2020-11-01"], "give both, or neither"),
    "an end without a start": (["source.end=2020-11-01"], "give both, or neither"),
    "an end before the start": (
        ["parameters.cron_start=2020-11-02,parameters.cron_end=2020-11-01"],
        'parameters.cron_end is "2020-11-01" and lies before parameters.cron_start',
    ),
    "an S3 without credentials": (["artifacts.repository=s3"], "there are no credentials"),
    "an S3 with two": (
        ["artifacts.repository=s3,artifacts.s3.existingSecret=a,artifacts.s3.useSDKCreds=true"],
        "give one of the two",
    ),
}


@pytest.mark.parametrize("case", REFUSED_BY_SCHEMA)
def test_a_value_that_is_not_allowed_is_refused(case: str) -> None:
    argument, words = REFUSED_BY_SCHEMA[case]
    done = template(argument)
    assert done.returncode != 0
    assert words in done.stderr


@pytest.mark.parametrize("case", REFUSED_BY_SCHEMA)
def test_helm_3_refuses_it_too(case: str) -> None:
    argument, words = REFUSED_BY_SCHEMA[case]
    done = template(argument, major=3)
    assert done.returncode != 0
    # it writes a.b for /a/b, and quotes what is allowed otherwise
    said = done.stderr.replace('"', "'")
    assert words.removeprefix("/").replace("/", ".") in said


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_values_that_contradict_each_other_are_refused(case: str) -> None:
    given, words = CONTRADICTIONS[case]
    done = template(*(f"--set={value}" for value in given))
    assert done.returncode != 0
    assert words in done.stderr


def test_what_looks_like_a_contradiction_and_is_none() -> None:
    assert rendered("--set=parameters.start=2020-11-01,parameters.end=2020-11-01")
    assert rendered("--set=parameters.cron_start=,parameters.cron_end=")
    assert rendered("--set=artifacts.repository=gcs")


def objects_of(schema: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            found.append((path, schema))
        for key, value in schema.items():
            found += objects_of(value, f"{path}/{key}")
    return found


def test_the_schema_is_closed_everywhere() -> None:
    open_ones = {
        path
        for path, schema in objects_of(SCHEMA)
        if schema.get("additionalProperties") not in (False, {"type": "string"})
    }
    assert open_ones == {"/properties/global"}  # Helm's own
    maps = {path for path, schema in objects_of(SCHEMA) if schema.get("additionalProperties") == {"type": "string"}}
    assert maps == {"/definitions/labels", "/definitions/annotations"}


def test_the_schema_knows_every_parameter_of_the_workflow_and_no_other() -> None:
    names = {str(p.name) for p in SETTINGS}
    assert set(SCHEMA["properties"]["parameters"]["properties"]) == names | {f"cron_{name}" for name in names} | {
        "cron_schedule"
    }


def test_every_value_has_its_place_in_the_schema(tmp_path: Path) -> None:
    """A value that the chart has and the schema forgot would be refused by Helm itself."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(values) | {"global"} == set(SCHEMA["properties"])
    copy = tmp_path / "chart"
    shutil.copytree(CHART, copy)
    (copy / "values.yaml").write_text(yaml.safe_dump(values | {"forgotten": 1}))
    assert "forgotten" in run("template", str(copy)).stderr
