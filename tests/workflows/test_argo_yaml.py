"""The rendered YAML against golden files.

After a change that is meant: `GOLDEN=1 pytest tests/workflows/test_argo_yaml.py` writes them anew; then read the diff.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from journey.settings import Settings, variable_of
from workflows import pipeline
from workflows.render import documents, manifests

GOLDEN = Path(__file__).parent / "golden"
PROJECT = Path(__file__).parent.parent.parent

# where services are is a matter of the cluster's ConfigMap, not of a run
OF_THE_CLUSTER = {"project", "emulator_host", "storage_host", "email_salt"}


@pytest.mark.parametrize("name", manifests())
def test_the_yaml_is_the_golden_one(name: str) -> None:
    text = manifests()[name]
    if os.environ.get("GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text(), (
        "render differs from the golden file; if that is meant, run with GOLDEN=1"
    )


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(manifests())


def test_the_yaml_reads_back_as_what_hera_built() -> None:
    assert [yaml.safe_load(text) for text in manifests().values()] == list(documents().values())


def test_every_setting_is_a_parameter_with_its_default_and_the_other_way_round() -> None:
    defaults = Settings.model_validate({}).environment()
    parameters = {str(p.name): p.value for p in pipeline.SETTINGS}
    assert parameters == {name: defaults[variable_of(name)] for name in set(Settings.model_fields) - OF_THE_CLUSTER}


def test_the_settings_take_the_defaults_of_the_parameters_back() -> None:
    values = {str(p.name): p.value for p in pipeline.SETTINGS}
    assert Settings.model_validate(values) == Settings.model_validate({})


def test_a_choice_is_the_same_choice_in_settings_and_parameters() -> None:
    for parameter in pipeline.SETTINGS:
        for value in parameter.enum or []:
            Settings.model_validate({str(parameter.name): value})
    assert {p.name for p in pipeline.SETTINGS if p.enum} == {"backend", "full_reload"}


def test_every_parameter_says_what_it_is() -> None:
    templates = documents()["workflow-template.yaml"]["spec"]["templates"]
    of_templates = [p for t in templates for p in (t.get("inputs") or {}).get("parameters") or []]
    of_workflow = documents()["workflow-template.yaml"]["spec"]["arguments"]["parameters"]
    assert [p["name"] for p in of_templates + of_workflow if not p.get("description")] == []


def test_every_container_gets_every_setting_as_its_variable() -> None:
    for template in documents()["workflow-template.yaml"]["spec"]["templates"]:
        if "container" in template:
            given = {v["name"]: v.get("value") for v in template["container"]["env"]}
            for parameter in pipeline.SETTINGS:
                name = str(parameter.name)
                assert given[variable_of(name)] == f"{{{{workflow.parameters.{name}}}}}"


def test_the_images_have_the_version_of_the_project() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    tag = next(p for p in pipeline.IMAGES if p.name == "image_tag")
    assert tag.value == project["version"]


def test_the_schedule_asks_for_the_last_days_of_the_source() -> None:
    parameters = documents()["cron-workflow.yaml"]["spec"]["workflowSpec"]["arguments"]["parameters"]
    values = {p["name"]: p["value"] for p in parameters}
    assert Settings.model_validate(values).window is None


def test_only_leaves_are_retried_and_timed_and_every_leaf_is() -> None:
    for template in documents()["workflow-template.yaml"]["spec"]["templates"]:
        is_leaf = "container" in template
        assert ("retryStrategy" in template, "timeout" in template) == (is_leaf, is_leaf)


def test_rendering_loads_no_stage_and_no_client_library() -> None:
    code = "import sys, workflows.render; workflows.render.manifests(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    heavy = {"google.cloud.bigquery", "grpc", "pandas", "numpy", "pyarrow", "kubernetes", "dbt", "faker"}
    assert (heavy | {"load", "report", "synth"}) & set(loaded.stdout.split()) == set()
