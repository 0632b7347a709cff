"""The chart from nothing to nothing, in a namespace of its own where Pod Security `restricted` is enforced."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from charts.helm import helm
from tests.cluster.waiting import until
from tests.real_days import CHECKOUT
from workflows import NAME
from workflows.cluster.connection import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

NAMESPACE = "customer-journey-install"
CHART = CHECKOUT / "charts" / NAME
SECRETS = ("postgresql", "email-salt", "artifact-store")
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@dataclass(frozen=True)
class Installed:
    """A release of the chart, and how to reach it."""

    context: str
    tag: str

    def kubectl(self, *words: str, stdin: str | None = None) -> str:
        command = ["kubectl", "--context", self.context, "-n", NAMESPACE, *words]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=400)
        assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
        return done.stdout

    def helm(self, *words: str) -> str:
        command = [str(helm()), *words, "--kube-context", self.context, "-n", NAMESPACE]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=900)
        assert done.returncode == 0, f"helm {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def install(self, *more: str) -> None:
        two_days = ("source.scale=0.02", "source.start=2020-11-01", "source.end=2020-11-02")
        values = [word for value in (*two_days, *more) for word in ("--set", value)]
        files = ("-f", str(CHART / "ci" / "kind-values.yaml"), "--set-string", f"image.tag={self.tag}")
        wait = ("--wait", "--wait-for-jobs", "--timeout", "10m")
        self.helm("upgrade", "--install", NAME, str(CHART), *files, *values, *wait)

    def objects(self, kinds: str) -> list[dict[str, Any]]:
        return list(json.loads(self.kubectl("get", kinds, "-o", "json"))["items"])


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Iterator[Installed]:
    """The chart in a new namespace, with the images that the cluster has."""
    release = Installed(cluster.context, cluster.config_map(f"{NAME}-parameters")["image_tag"])
    outside = ["kubectl", "--context", cluster.context]
    subprocess.run([*outside, "delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait"], check=True)
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    subprocess.run([*outside, "create", "-f", "-"], input=json.dumps(namespace), text=True, check=True)
    try:
        release.install()
        yield release
    finally:
        subprocess.run([*outside, "delete", "namespace", NAMESPACE, "--wait=false"], check=True)


def test_every_service_answers(installed: Installed) -> None:
    said = installed.helm("test", NAME, "--timeout", "5m")
    assert said.count("Succeeded") >= 3


def test_an_upgrade_keeps_secrets_and_pods(installed: Installed) -> None:
    def kept() -> dict[str, Any]:
        secrets = {
            one: installed.kubectl("get", "secret", f"{NAME}-{one}", "-o", "jsonpath={.data}") for one in SECRETS
        }
        pods = installed.kubectl(
            "get", "pods", "-l", "app.kubernetes.io/component=postgresql", "-o", "jsonpath={..uid}"
        )
        return {**secrets, "pods": pods}

    before = kept()
    installed.install("podDisruptionBudget.enabled=true")
    assert kept() == before


def test_nothing_runs_as_root(installed: Installed) -> None:
    containers = [
        (pod["spec"].get("securityContext", {}), container)
        for pod in installed.objects("pods")
        for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", []))
    ]
    assert len(containers) >= 4
    for of_pod, container in containers:
        merged = {**of_pod, **container["securityContext"]}
        assert merged["runAsNonRoot"] is True, container["name"]
        assert merged.get("runAsUser", 1) > 0, container["name"]
        assert {**merged, **RESTRICTED} == merged, container["name"]


def test_a_pod_that_asks_for_more_is_refused(installed: Installed) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "root"},
        "spec": {"containers": [{"name": "main", "image": "postgres:18", "securityContext": {"runAsUser": 0}}]},
    }
    with pytest.raises(AssertionError, match='violates PodSecurity "restricted'):
        installed.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))


def test_the_executor_may_write_results_and_nothing_else(installed: Installed) -> None:
    account = f"system:serviceaccount:{NAMESPACE}:{NAME}"

    def may(verb: str, what: str) -> bool:
        command = [
            "kubectl",
            "--context",
            installed.context,
            "-n",
            NAMESPACE,
            "auth",
            "can-i",
            verb,
            what,
            "--as",
            account,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == "yes"

    assert may("create", "workflowtaskresults.argoproj.io")
    assert may("patch", "workflowtaskresults.argoproj.io")
    others = [("get", "secrets"), ("list", "pods"), ("create", "pods"), ("get", "configmaps"), ("delete", "workflows")]
    assert [one for one in others if may(*one)] == []


# what a stage's pod is called, where it connects, and whether it gets through
WAYS = [
    ("load-backend", "customer-journey-postgresql", 5432, True),
    ("synth", "customer-journey-postgresql", 5432, True),
    ("dbt", "customer-journey-postgresql", 5432, False),
    ("dbt", "customer-journey-bigquery-emulator", 9050, True),
    ("nobody", "customer-journey-postgresql", 5432, False),
    ("nobody", "customer-journey-bigquery-emulator", 9050, False),
]
CONNECT = """
import socket, sys, time
host, port, want = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "True"
for _ in range(15):  # the rules of a new pod come a moment after it
    try:
        socket.create_connection((host, port), 2).close()
        got = True
    except OSError:
        got = False
    if got == want and (want or _ > 4):
        sys.exit(0)
    time.sleep(1)
sys.exit(1)
"""


def caller(number: int, installed: Installed) -> dict[str, Any]:
    """A pod that exits with 0 if its connection goes as expected."""
    component, host, port, is_open = WAYS[number]
    labels = {
        "app.kubernetes.io/name": NAME,
        "app.kubernetes.io/part-of": NAME,
        "app.kubernetes.io/component": component,
    }
    spec = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "main",
                "image": f"{NAME}/load-ga4:{installed.tag}",
                "command": ["python", "-c", CONNECT, host, str(port), str(is_open)],
                "securityContext": RESTRICTED,
            }
        ],
    }
    metadata = {"name": f"way-{number}", "labels": {} if component == "nobody" else labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def test_network_policies_let_through_what_is_needed_and_no_more(installed: Installed) -> None:
    pods = [caller(number, installed) for number in range(len(WAYS))]
    installed.kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))

    def phases() -> list[str]:
        return [installed.kubectl("get", "pod", f"way-{n}", "-o", "jsonpath={.status.phase}") for n in range(len(WAYS))]

    until(lambda: not {"Pending", "Running"} & set(phases()), 180, "the callers did not end")
    wrong = [way for way, phase in zip(WAYS, phases(), strict=True) if phase != "Succeeded"]
    assert wrong == []
    installed.kubectl("delete", "pod", *(f"way-{n}" for n in range(len(WAYS))), "--wait")


def test_uninstalling_leaves_the_volumes_and_nothing_else(installed: Installed) -> None:
    kinds = "all,configmaps,secrets,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets,pvc"

    def left() -> set[str]:
        of_each_namespace = {"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"}
        return {f"{one['kind']}/{one['metadata']['name']}" for one in installed.objects(kinds)} - of_each_namespace

    volumes = {name for name in left() if name.startswith("PersistentVolumeClaim/")}
    assert len(volumes) == 3
    installed.helm("uninstall", NAME, "--wait", "--timeout", "5m")
    until(lambda: left() == volumes, 120, "uninstalling left more than the volumes")
