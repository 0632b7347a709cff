"""Runs on the cluster by the command line: what is refused starts nothing."""

import subprocess

import pytest

from tests.cluster.conftest import JOURNEY, Journey
from workflows.cluster.connection import Cluster

pytestmark = pytest.mark.cluster

WRONG = {
    "a parameter that there is not": (["-p", "sed=1"], "there is no parameter 'sed'"),
    "a value outside its choice": (["-p", "backend=none"], "parameter backend is 'none', which is not one of"),
    "a share above one": (["-p", "gap_rate=2"], "parameter gap_rate is '2', which is not allowed"),
    "a window that ends before it starts": (["-p", "start=2021-01-01"], "lies before START 2021-01-01"),
    "a name that cannot be": (["--name", "No_Name"], "the cluster refuses to create a Workflow"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_refused_and_nothing_is_started(case: str, journey: Journey, cluster: Cluster) -> None:
    words, sentence = WRONG[case]
    before = {w["metadata"]["name"] for w in cluster.list("Workflow", "")}
    done = journey("submit", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert {w["metadata"]["name"] for w in cluster.list("Workflow", "")} == before


def test_a_namespace_that_is_not_there_is_named(cluster: Cluster) -> None:
    for command in ("apply", "submit"):
        done = subprocess.run([JOURNEY, command, "-n", "nowhere"], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "there is no namespace nowhere on the cluster" in done.stderr
