"""Backfills on the cluster: no window runs twice at once, nor again for nothing, and a failure stops the rest."""

import re
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.conftest import Journey, Kubectl
from workflows.cluster.backfill import LABEL
from workflows.cluster.connection import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

# A day that nobody else loads, and a prefix that no earlier run had: then no run of another test is like these.
DAY = "2020-11-19"
NEXT = "2020-11-20"


@pytest.fixture(scope="module")
def prefix(kubectl: Kubectl) -> Iterator[str]:
    """Datasets of these tests' own; their runs go afterwards."""
    yield f"backfill_{uuid.uuid4().hex[:8]}_"
    for window in (f"{DAY}_{DAY}", f"{NEXT}_{NEXT}"):
        kubectl("delete", "workflows", "-l", f"{LABEL}={window}", "--ignore-not-found")


def names(cluster: Cluster, prefix: str) -> list[str]:
    """The runs that these tests have started."""
    ours = [w for w in cluster.list("Workflow", LABEL) if prefix in str(w["spec"]["arguments"])]
    return sorted(w["metadata"]["name"] for w in ours)


def test_two_backfills_of_one_window_at_once_are_one_run(journey: Journey, cluster: Cluster, prefix: str) -> None:
    words = ("backfill", "--start", DAY, "--end", DAY, "-p", f"dataset_prefix={prefix}")

    def call(_: int) -> subprocess.CompletedProcess[str]:
        return journey(*words, timeout=1500)

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(call, range(2)))
    assert [done.returncode for done in both] == [0, 0], both[0].stderr + both[1].stderr
    assert len(names(cluster, prefix)) == 1
    # and again: nothing is left to do
    done = journey(*words)
    assert (done.returncode, "done already" in done.stdout) == (0, True)
    assert len(names(cluster, prefix)) == 1
    assert " new " in journey(*words, "--again", "--dry-run").stdout


def test_a_window_that_fails_stops_the_rest_and_shows_its_log(journey: Journey, cluster: Cluster, prefix: str) -> None:
    words = ("backfill", "--start", DAY, "--end", NEXT, "--by-days", "1", "-p", f"dataset_prefix={prefix}")
    before = names(cluster, prefix)
    done = journey(*words, "-p", "ga4_source=customer-journey.nowhere", timeout=900)
    assert done.returncode == 1
    assert re.search(r"^synth failed: .*exit code 2", done.stderr, re.MULTILINE)
    assert "there is no dataset customer-journey.nowhere: check GA4_SOURCE" in done.stderr
    assert re.search(rf"^stopped at {DAY}\.\.{DAY}, 1 windows are left", done.stdout, re.MULTILINE)
    assert len(names(cluster, prefix)) == len(before) + 1
