"""Every scenario: valid for Kubernetes, the same from both Helms, locked down."""

import re
from collections.abc import Iterator

import kubernetes_validate
import pytest

from tests.chart.rendering import CHART, SCENARIOS, Json, find, pods, rendered, run, scenario, values_of

EVERYTHING = pytest.mark.parametrize("name", SCENARIOS)


def test_there_is_a_scenario_for_each_way_to_run_it() -> None:
    assert SCENARIOS == ["bigquery", "existing-postgres", "kind"]


@EVERYTHING
# the oldest that Chart.yaml allows, and the newest whose schemas are known
@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_kubernetes_takes_every_object(name: str, version: str) -> None:
    for document in scenario(name):
        kubernetes_validate.validate(document, version, strict=True)


def test_an_object_that_kubernetes_would_refuse_is_noticed() -> None:
    service = find(scenario("kind"), "Service", "customer-journey-postgresql")
    broken = service | {"spec": service["spec"] | {"prots": []}}
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(broken, "1.37", strict=True)


@EVERYTHING
@pytest.mark.parametrize("major", [3, 4])
def test_helm_finds_nothing_to_say(name: str, major: int) -> None:
    done = run("lint", "--strict", str(CHART), "--values", str(values_of(name)), major=major)
    assert done.returncode == 0, done.stdout + done.stderr


@EVERYTHING
def test_helm_3_and_helm_4_make_the_same(name: str) -> None:
    def comparable(objects: tuple[Json, ...]) -> list[Json]:
        rest = [o for o in objects if o["kind"] != "Secret"]  # generated anew each time
        return sorted(rest, key=lambda o: (o["kind"], o["metadata"]["name"]))

    assert comparable(scenario(name, major=3)) == comparable(scenario(name))


@EVERYTHING
def test_every_pod_passes_restricted(name: str) -> None:
    found = pods(scenario(name))
    assert found
    for place, pod in found.items():
        refusals = list(against_restricted(pod["spec"]))
        assert refusals == [], place


def against_restricted(spec: Json) -> Iterator[str]:
    """What Pod Security `restricted` refuses in a pod, and two rules of our own: a numeric user, a read-only root."""
    security = spec.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    if not security.get("runAsNonRoot"):
        yield "runAsNonRoot"
    if not security.get("runAsUser"):
        yield "runAsUser is missing or root"
    if security.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "seccompProfile"
    kinds = {"configMap", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    for volume in spec.get("volumes", []):
        if not set(volume) - {"name"} <= kinds:
            yield f"volume {volume}"
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield "capabilities"
        if own.get("readOnlyRootFilesystem") is not True:
            yield "readOnlyRootFilesystem"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield "hostPort"


@EVERYTHING
def test_every_container_has_limits_and_an_image_that_says_its_version(name: str) -> None:
    for place, pod in pods(scenario(name)).items():
        for container in pod["spec"]["containers"]:
            assert container["resources"]["limits"]["memory"], place
            assert container["resources"]["requests"]["memory"], place
            assert re.fullmatch(r".+:[^:/]+", container["image"]), place
            assert not container["image"].endswith(":latest"), place
            assert container["imagePullPolicy"] == "IfNotPresent", place


@EVERYTHING
def test_no_pod_of_ours_holds_a_token_of_the_api_server(name: str) -> None:
    for place, pod in pods(scenario(name)).items():
        assert pod["spec"]["automountServiceAccountToken"] is False, place


def test_what_serves_has_all_three_probes() -> None:
    for kind, name in [
        ("StatefulSet", "customer-journey-postgresql"),
        ("StatefulSet", "customer-journey-bigquery-emulator"),
        ("Deployment", "customer-journey-artifact-store"),
    ]:
        container = find(scenario("kind"), kind, name)["spec"]["template"]["spec"]["containers"][0]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name


def test_a_long_tag_makes_a_label_that_kubernetes_takes() -> None:
    tag = "v1-" + "x" * 59 + "-dirty"
    labels = find(rendered(f"--set=image.tag={tag}"), "Service", "customer-journey-postgresql")["metadata"]["labels"]
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", labels["app.kubernetes.io/version"])
