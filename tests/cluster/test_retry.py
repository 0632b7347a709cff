"""Every stage killed in mid work and the run retried: the marts are those of a run that nobody disturbed."""

import subprocess
from dataclasses import dataclass
from typing import Any

import pytest

from journey.settings import Settings
from tests.cluster.conftest import Journey
from tests.cluster.marts import checksums, emulator_of
from tests.cluster.waiting import until
from workflows.cluster.connection import Cluster
from workflows.cluster.tasks import is_over, phase_of, tasks_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600), pytest.mark.usefixtures("kubectl")]

# what runs side by side is killed together: a stage that is done is not run again
STAGES = [["synth"], ["load-ga4", "load-users", "load-orders"], ["dbt-run"], ["dbt-test"], ["report"]]
WINDOW = ("-p", "start=2020-11-01", "-p", "end=2020-11-10", "-p", "as_of=2021-06-30")


def of_its_own(name: str) -> tuple[str, ...]:
    """Parameters of a run that shares no dataset and no schema with another."""
    return ("-p", f"dataset_prefix={name}_", "-p", f"backend_schema=shop_{name}", *WINDOW)


def pods(cluster: Cluster, workflow: str) -> list[Any]:
    from kubernetes import client

    labels = f"workflows.argoproj.io/workflow={workflow}"
    found = client.CoreV1Api(cluster.client).list_namespaced_pod(cluster.namespace, label_selector=labels)
    return list(found.items)


def is_at_work(pod: Any) -> bool:
    """Whether the stage's own container runs."""
    if pod.metadata.deletion_timestamp:
        return False
    return any(one.name == "main" and one.state.running for one in pod.status.container_statuses or [])


def task_of(pod: Any) -> str:
    """The DAG's task that a pod is an attempt of: `run-x.load-ga4(0)`."""
    return str(pod.metadata.annotations["workflows.argoproj.io/node-name"]).rpartition(".")[2].partition("(")[0]


def uids(cluster: Cluster, workflow: str, task: str) -> set[str]:
    """What the cluster calls the pods of a task; another pod has another, also under the same name."""
    return {str(pod.metadata.uid) for pod in pods(cluster, workflow) if task_of(pod) == task}


def wait_for_work(cluster: Cluster, workflow: str, task: str) -> str:
    """The name of the task's pod, once its container runs."""

    def at_work() -> list[str]:
        return [str(p.metadata.name) for p in pods(cluster, workflow) if task_of(p) == task and is_at_work(p)]

    return until(at_work, 600, f"{task} of {workflow} did not come to work")[0]


def kill(cluster: Cluster, pod: str) -> None:
    """Take the pod away at once. By the API: a stage may be over before kubectl has started."""
    from kubernetes import client

    client.CoreV1Api(cluster.client).delete_namespaced_pod(pod, cluster.namespace, grace_period_seconds=0)


def state_of(cluster: Cluster, workflow: str, task: str) -> str:
    """Argo's phase of a task."""
    return next(t.state for t in tasks_of(cluster.find("Workflow", workflow) or {}) if t.name == task)


def wait_for_end(cluster: Cluster, workflow: str) -> str:
    """The phase that the workflow ended in."""

    def ended() -> str | None:
        found = cluster.find("Workflow", workflow) or {}
        return phase_of(found) if is_over(found) else None

    return str(until(ended, 900, f"{workflow} did not end"))


def argo(cluster: Cluster, *words: str) -> None:
    command = ["argo", "--context", cluster.context, "-n", cluster.namespace, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"


@dataclass(frozen=True)
class Disturbed:
    """A run that was killed once in every stage."""

    name: str
    phase: str
    killed: list[str]


@pytest.fixture(scope="module")
def whole(journey: Journey) -> None:
    done = journey("submit", *of_its_own("whole"), "--watch", timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def disturbed(journey: Journey, cluster: Cluster) -> Disturbed:
    """Each stage's pod is killed at work and its run ended; then `argo retry`, which is what the UI's button does."""
    done = journey("submit", *of_its_own("hurt"))
    assert done.returncode == 0, done.stderr
    name = done.stdout.split()[0]
    killed = []
    for side_by_side in STAGES:
        for stage in side_by_side:
            kill(cluster, wait_for_work(cluster, name, stage))
        argo(cluster, "terminate", name)
        assert wait_for_end(cluster, name) == "Failed"
        for stage in side_by_side:
            assert state_of(cluster, name, stage) in ("Failed", "Error"), f"{stage} was done before it was killed"
        killed += side_by_side
        argo(cluster, "retry", name)
    return Disturbed(name, wait_for_end(cluster, name), killed)


def test_a_run_whose_every_stage_was_killed_succeeds_when_retried(disturbed: Disturbed, cluster: Cluster) -> None:
    assert disturbed.phase == "Succeeded"
    assert {task.name for task in tasks_of(cluster.find("Workflow", disturbed.name) or {})} == set(disturbed.killed)


def test_its_marts_are_those_of_an_undisturbed_run(whole: None, disturbed: Disturbed, cluster: Cluster) -> None:
    with emulator_of(cluster) as settings:
        expected, found = (checksums(of(settings, name)) for name in ("whole", "hurt"))
    assert len(expected) > 10
    assert found == expected


def of(settings: Settings, name: str) -> Settings:
    return settings.model_copy(update={"dataset_prefix": f"{name}_"})


def test_a_stage_that_is_killed_once_is_tried_again_by_itself(journey: Journey, cluster: Cluster) -> None:
    done = journey("submit", *of_its_own("alone"))
    assert done.returncode == 0, done.stderr
    name = done.stdout.split()[0]
    pod = wait_for_work(cluster, name, "dbt-run")
    first = uids(cluster, name, "dbt-run")
    kill(cluster, pod)
    assert wait_for_end(cluster, name) == "Succeeded"
    # Argo makes a pod that was deleted anew under the same name: not the attempts tell that the stage ran again
    second = uids(cluster, name, "dbt-run")
    assert len(first) == len(second) == 1
    assert first != second
