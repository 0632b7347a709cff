"""Template and schedule on the cluster: judged by Argo's full definitions, applied, left alone where alike."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from journey.errors import BadInput
from tests.cluster.conftest import Journey, Kubectl
from workflows import NAME
from workflows.cluster.apply import apply
from workflows.cluster.connection import Cluster, Json
from workflows.render import documents, manifests

pytestmark = pytest.mark.cluster


@pytest.fixture(autouse=True)
def as_installed(cluster: Cluster) -> Iterator[None]:
    """Whatever a test applies, afterwards the cluster has what the installation wants."""
    yield
    apply(cluster, {}, None, is_dry=False)


def lines(text: str) -> dict[str, str]:
    """What `journey apply` says, by kind."""
    return {words[0]: words[2] for words in (line.split() for line in text.splitlines())}


def test_what_is_applied_twice_is_unchanged(journey: Journey) -> None:
    assert journey("apply").returncode == 0
    done = journey("apply")
    assert lines(done.stdout) == {"WorkflowTemplate": "unchanged", "CronWorkflow": "unchanged"}


def test_a_dry_run_says_what_would_change_and_changes_nothing(journey: Journey, cluster: Cluster) -> None:
    journey("apply")
    before = cluster.find("WorkflowTemplate", NAME)
    done = journey("apply", "--dry-run", "-p", "seed=99", "-p", "cron_schedule=1 2 * * *")
    assert lines(done.stdout) == {"WorkflowTemplate": "configured", "CronWorkflow": "configured"}
    assert cluster.find("WorkflowTemplate", NAME) == before


def test_the_installation_s_parameters_are_the_template_s_defaults(journey: Journey, cluster: Cluster) -> None:
    installed = cluster.config_map(f"{NAME}-parameters")
    assert {"image_repository", "image_tag", "postgresql_secret"} <= installed.keys()
    journey("apply")
    template = cluster.find("WorkflowTemplate", NAME)
    assert template
    defaults = {p["name"]: p["value"] for p in template["spec"]["arguments"]["parameters"]}
    assert {name: defaults.get(name) for name in installed if not name.startswith("cron_")} == {
        name: value for name, value in installed.items() if not name.startswith("cron_")
    }


def test_what_was_edited_by_hand_is_set_back(journey: Journey, kubectl: Kubectl, cluster: Cluster) -> None:
    journey("apply")
    edit = json.dumps({"spec": {"activeDeadlineSeconds": 1}})
    kubectl("patch", "workflowtemplate", NAME, "--type=merge", "-p", edit)
    assert lines(journey("apply").stdout)["WorkflowTemplate"] == "configured"
    template = cluster.find("WorkflowTemplate", NAME)
    assert template
    assert template["spec"]["activeDeadlineSeconds"] == 4 * 3600


def test_a_schedule_that_rests_goes_on_resting(journey: Journey, kubectl: Kubectl) -> None:
    def rests() -> str:
        return kubectl("get", "cronworkflow", NAME, "-o", "jsonpath={.spec.suspend}")

    try:
        journey("apply", "--suspend")
        assert rests() == "true"
        journey("apply")
        assert rests() == "true"
    finally:
        journey("apply", "--resume")
    assert rests() == "false"


def test_argo_s_own_lint_finds_nothing(cluster: Cluster, tmp_path: Path) -> None:
    for name, text in manifests().items():
        (tmp_path / name).write_text(text)
    command = ["argo", "lint", "--offline", "--kinds=workflowtemplates,cronworkflows", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no linting errors found" in done.stdout


def leaf(workflow: Json) -> Json:
    return next(t for t in workflow["spec"]["templates"] if t["name"] == "synth")


def test_the_cluster_has_argo_s_full_definitions_and_their_rules(cluster: Cluster) -> None:
    def judge(change: Json, where: str = "template") -> str:
        workflow = documents()["workflow-template.yaml"]
        pipeline = next(t for t in workflow["spec"]["templates"] if "dag" in t)
        (pipeline if where == "dag" else leaf(workflow) if where == "template" else workflow["spec"]).update(change)
        with pytest.raises(BadInput) as refused:
            cluster.apply(workflow, is_dry=True)
        return str(refused.value)

    # a rule in CEL, a type, an unknown field
    assert re.search("timeout", judge({"timeout": "5m"}, "dag"))
    assert "expected numeric" in judge({"activeDeadlineSeconds": "soon"}, "spec")
    assert "unheardOf" in judge({"unheardOf": 1}, "spec")
