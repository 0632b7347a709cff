"""The schedule on a real controller: it fires, forbids overlap, and stops after five failures."""

import time
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import Journey, Kubectl
from tests.cluster.waiting import until
from workflows import NAME
from workflows.cluster.apply import apply
from workflows.cluster.connection import Cluster, Json

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

EVERY_MINUTE = ("-p", "cron_schedule=* * * * *")


@pytest.fixture
def anew(kubectl: Kubectl, cluster: Cluster) -> Iterator[None]:
    """A schedule that has not fired yet, and afterwards one as the installation wants it; its runs go."""

    def forget() -> None:
        kubectl("delete", "cronworkflow", NAME, "--ignore-not-found")
        kubectl("delete", "workflows", "-l", f"workflows.argoproj.io/cron-workflow={NAME}", "--wait")

    forget()
    yield
    forget()
    apply(cluster, {}, None, is_dry=False)


def runs(cluster: Cluster) -> list[Json]:
    """Workflows that the schedule started, oldest first."""
    found = cluster.list("Workflow", f"workflows.argoproj.io/cron-workflow={NAME}")
    return sorted(found, key=lambda run: run["metadata"]["creationTimestamp"])


def test_it_fires_by_itself_and_never_twice_at_once(anew: None, journey: Journey, cluster: Cluster) -> None:
    # two months take longer than the minute until it would fire again
    of_two_months = ("-p", "cron_start=2020-11-01", "-p", "cron_end=2020-12-31")
    assert journey("apply", *EVERY_MINUTE, *of_two_months, "-p", "cron_dataset_prefix=cron_").returncode == 0
    until(lambda: len(runs(cluster)) == 1, 150, "the schedule did not fire")
    minute = time.monotonic() + 75
    while time.monotonic() < minute:
        at_work = [run for run in runs(cluster) if (run.get("status") or {}).get("phase") in (None, "Running")]
        assert len(at_work) <= 1
        time.sleep(1)
    [first, *_] = runs(cluster)
    given = {one["name"]: one["value"] for one in first["spec"]["arguments"]["parameters"]}
    assert (given["start"], given["end"]) == ("2020-11-01", "2020-12-31")


def test_it_stops_after_five_failures(anew: None, journey: Journey, cluster: Cluster) -> None:
    assert journey("apply", *EVERY_MINUTE, "-p", "cron_ga4_source=nowhere.nothing").returncode == 0

    def stopped() -> bool:
        return ((cluster.find("CronWorkflow", NAME) or {}).get("status") or {}).get("phase") == "Stopped"

    until(stopped, 900, "the schedule did not stop")
    status = (cluster.find("CronWorkflow", NAME) or {})["status"]
    assert (status["failed"], status["succeeded"]) == (5, 0)
    assert {run["status"]["phase"] for run in runs(cluster)} == {"Failed"}
    before = len(runs(cluster))
    time.sleep(65)  # a minute in which it would have fired
    assert len(runs(cluster)) == before
