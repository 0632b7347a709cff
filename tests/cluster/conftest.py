"""Tests against the cluster of the current kube context, with Argo and the chart on it: `make kind`, then
`make test-cluster`. They change what is there, so they run only when asked for.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import cast

import pytest

from journey.errors import JourneyError
from workflows import NAME
from workflows.cluster.connection import Cluster, connect

JOURNEY = Path(sys.executable).with_name("journey")
Journey = Callable[..., subprocess.CompletedProcess[str]]
Kubectl = Callable[..., str]


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The namespace that the chart is installed in; without one no test here can say anything."""
    try:
        found = connect(namespace=os.environ.get("JOURNEY_TEST_NAMESPACE", NAME))
        template = found.find("WorkflowTemplate", NAME)
    except JourneyError as error:
        pytest.exit(f"tests/cluster need a cluster: {error}", returncode=error.exit_code)
    if template is None:
        pytest.exit(f"tests/cluster need the chart and the workflow in namespace {found.namespace}: make kind", 2)
    return found


@pytest.fixture(scope="session")
def journey(cluster: Cluster) -> Journey:
    """The command line, told which namespace."""

    def call(*words: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEY_")}
        command = [str(JOURNEY), *words, "--namespace", cluster.namespace]
        return subprocess.run(
            command,
            env=environment | {"COLUMNS": "120"},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )

    return call


@pytest.fixture(scope="session")
def kubectl(cluster: Cluster) -> Kubectl:
    """kubectl in that namespace; returns what it printed, fails the test with what it said."""

    def call(*words: str, stdin: str | None = None, is_allowed_to_fail: bool = False) -> str:
        command = ["kubectl", "--context", cluster.context, "--namespace", cluster.namespace, *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=300)
        assert is_allowed_to_fail or done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout + (done.stderr if is_allowed_to_fail else "")

    return call


LOOKS = (
    ("get", "pods", "-o", "wide"),
    ("get", "workflows,cronworkflows"),
    ("get", "events", "--sort-by=.lastTimestamp"),
    ("describe", "pods", "-l", "workflows.argoproj.io/completed=false"),
    ("-n", "argo", "logs", "deployment/workflow-controller", "--tail=40"),
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """After a failure: what the cluster looks like, in the report."""
    report = yield
    look = cast(Kubectl | None, item.funcargs.get("kubectl")) if isinstance(item, pytest.Function) else None
    if report.failed and look:
        for words in LOOKS:
            text = "\n".join(look(*words, is_allowed_to_fail=True).splitlines()[-60:])
            report.sections.append((f"kubectl {' '.join(words)}", text))
    return report
