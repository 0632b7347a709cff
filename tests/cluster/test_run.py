"""One run, started and followed by the command line over a connection that keeps breaking, and all that it leaves."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.cluster.conftest import JOURNEY, Kubectl
from tests.cluster.frail_way import FrailWay, address_of, detour
from workflows.cluster.connection import Cluster, Json
from workflows.cluster.tasks import tasks_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

TASKS = ["synth", "load-ga4", "load-users", "load-orders", "dbt-run", "dbt-test", "report"]
DAYS = ("-p", "start=2020-11-24", "-p", "end=2020-11-30")
# the stages that have gauges, and the label that tells runs of other prefixes from this one
DATASETS = {
    "synth": "shop",
    "load-ga4": "raw_ga4",
    "load-users": "raw_backend",
    "load-orders": "raw_backend",
    "report": "marts",
}


@dataclass(frozen=True)
class Followed:
    """What was seen of the run, and how often its connections were cut."""

    name: str
    code: int
    out: str
    err: str
    cuts: int


@pytest.fixture(scope="module")
def followed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """`journey submit --watch`, whose connections are all cut every seven seconds."""
    raw = ["kubectl", "config", "view", "--raw", "--flatten", "-o", "json"]
    config = json.loads(subprocess.run(raw, capture_output=True, text=True, check=True).stdout)
    file = tmp_path_factory.mktemp("kube") / "config"
    with FrailWay(*address_of(config, cluster.context)) as way:
        detour(config, cluster.context, way.port, file)
        command = [str(JOURNEY), "submit", "--watch", "-n", cluster.namespace, *DAYS]
        environment = os.environ | {"KUBECONFIG": str(file), "COLUMNS": "120"}
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        cuts = 0
        while True:
            try:
                out, err = process.communicate(timeout=7)
                break
            except subprocess.TimeoutExpired:
                cuts += way.cut()
    return Followed(out.split("\n", 1)[0], process.returncode, out, err, cuts)


@pytest.fixture(scope="module")
def workflow(followed: Followed, cluster: Cluster) -> Json:
    """The run as the cluster tells it."""
    found = cluster.find("Workflow", followed.name)
    assert found, followed
    return found


def test_the_run_succeeds_and_is_seen_to(followed: Followed, workflow: Json) -> None:
    assert followed.code == 0, followed.err
    assert workflow["status"]["phase"] == "Succeeded"
    assert followed.cuts > 3, "nothing was cut: the test shows nothing"


def test_the_last_screen_is_a_local_run_s(followed: Followed) -> None:
    rows = [line for line in followed.out.splitlines() if line.startswith("│")]
    assert [row.split()[1] for row in rows] == TASKS
    for figure in ("sessions", "orders", "match rate", "revenue difference", "unexplained difference"):
        assert re.search(rf"^{figure} +-?[\d,.]+", followed.out, re.MULTILINE), figure


def test_each_task_is_told_once_while_it_goes(followed: Followed) -> None:
    for task in TASKS:
        assert len(re.findall(rf"^\S+ {task} +succeeded", followed.err, re.MULTILINE)) == 1


def test_stages_count_and_argo_hands_the_counts_on(workflow: Json) -> None:
    counts = {task.name: task.counts for task in tasks_of(workflow)}
    assert [name for name in TASKS if counts[name].get("rows", 0) > 0] == [t for t in TASKS if not t.startswith("dbt")]
    assert 0 < counts["report"]["match_rate"] < 1


def test_the_run_ends_without_complaint_of_argo_s(workflow: Json) -> None:
    conditions = {one["type"] for one in workflow["status"].get("conditions", [])}
    assert conditions <= {"PodRunning", "Completed"}


@pytest.fixture(scope="module")
def metrics(workflow: Json, kubectl: Kubectl) -> Iterator[str]:
    """What the controller tells Prometheus."""
    forward = subprocess.Popen(
        ["kubectl", "-n", "argo", "port-forward", "deployment/workflow-controller", ":9090"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert forward.stdout
        port = re.search(r":(\d+) ->", forward.stdout.readline())
        assert port
        url = f"https://127.0.0.1:{port[1]}/metrics"
        yield subprocess.run(["curl", "-sk", url], capture_output=True, text=True, check=True).stdout
    finally:
        forward.terminate()
        forward.wait()


def value(metrics: str, name: str, stage: str) -> float:
    """The value of a gauge of ours; other tests' runs of the same stage have other datasets."""
    labels = f'dataset="{DATASETS[stage]}",stage="{stage}"'
    found = re.search(rf"^argo_workflows_customer_journey_{name}{{{labels}}} (\S+)$", metrics, re.MULTILINE)
    assert found, f"{name} of {stage}\n" + "\n".join(
        line for line in metrics.splitlines() if "customer_journey" in line
    )
    return float(found[1])


def test_prometheus_is_told_what_the_stages_counted(metrics: str, workflow: Json) -> None:
    counts = {task.name: task.counts for task in tasks_of(workflow)}
    for stage in DATASETS:
        assert value(metrics, "rows", stage) == counts[stage]["rows"]
    assert value(metrics, "bytes", "report") == counts["report"]["bytes"]
    assert value(metrics, "match_rate", "report") == pytest.approx(counts["report"]["match_rate"])


def artifacts(workflow: Json) -> dict[str, set[str]]:
    """The names of the artifacts, by task."""
    nodes = workflow["status"]["nodes"].values()
    pods = [node for node in nodes if node["type"] == "Pod"]
    return {
        node["displayName"].partition("(")[0]: {a["name"] for a in (node.get("outputs") or {}).get("artifacts") or []}
        for node in pods
    }


def test_report_results_and_logs_are_artifacts(workflow: Json) -> None:
    made = artifacts(workflow)
    assert made["report"] == {"report", "main-logs"}
    assert made["dbt-run"] == made["dbt-test"] == {"run-results", "main-logs"}
    assert {name for name, of_task in made.items() if "main-logs" in of_task} == set(TASKS)


def test_the_ui_can_show_the_report(workflow: Json) -> None:
    nodes = [n for n in workflow["status"]["nodes"].values() if n["type"] == "Pod" and n["templateName"] == "report"]
    (report,) = [a for n in nodes for a in n["outputs"]["artifacts"] if a["name"] == "report"]
    assert report["s3"]["key"].endswith(".html")
    assert report["archive"] == {"none": {}}
