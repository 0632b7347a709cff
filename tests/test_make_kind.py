"""`make kind` and its steps, as far as they can be judged without docker."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
STEPS = ["kind-cluster", "kind-argo", "kind-images", "kind-chart", "kind-workflows"]
PROGRAMS = {
    "kind-cluster": ["docker", "kind", "kubectl"],
    "kind-argo": ["kubectl"],
    "kind-images": ["git", "docker", "kind"],
    "kind-chart": ["helm", "kubectl"],
    "kind-down": ["docker", "kind"],
}


def make(*words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path) if path else os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [shutil.which("make") or "make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_kind_is_its_steps_in_order() -> None:
    line = re.search(r"^kind: (.*?) ##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line
    assert line[1].split() == STEPS


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with a shell and nothing else."""
    for name in ("sh", "awk"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    return tmp_path


@pytest.mark.parametrize("target", PROGRAMS)
def test_a_program_that_is_missing_is_named_in_one_sentence(target: str, bare_path: Path) -> None:
    done = make(target, "TAG=none", path=bare_path)
    assert done.returncode == 2
    said = f"make {target} needs {PROGRAMS[target][0]}, which is not on the PATH: install it (docs/kubernetes.md)"
    assert done.stderr.splitlines()[0] == said


@pytest.mark.parametrize("program", ["docker", "kubectl"])
def test_a_program_that_fails_is_named_in_one_sentence(program: str, bare_path: Path) -> None:
    for name in ("docker", "kind", "kubectl"):
        (bare_path / name).write_text("#!/bin/sh\nexit 1\n")
        (bare_path / name).chmod(0o755)
    done = make("kind-cluster" if program == "docker" else "kind-argo", path=bare_path)
    assert done.returncode == 2
    assert "which does not answer" in done.stderr.splitlines()[0]


def test_argo_s_manifest_is_a_url_a_file_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").touch()
    folder = str(tmp_path)
    file = str(tmp_path / "kustomization.yaml")
    assert f"-n argo \\\n\t\t-k '{folder}'" in make("-n", "kind-argo", f"ARGO_MANIFEST={folder}").stdout
    assert f"-n argo \\\n\t\t-f '{file}'" in make("-n", "kind-argo", f"ARGO_MANIFEST={file}").stdout
    url = "https://github.com/argoproj/argo-workflows/releases/download/v9.9.9/install.yaml"
    assert f"-f '{url}'" in make("-n", "kind-argo", "ARGO_VERSION=v9.9.9").stdout
    assert "install.yaml" not in make("-n", "kind-argo", "ARGO_MANIFEST=present").stdout


def test_ports_of_the_cluster_are_open_to_this_machine_only() -> None:
    (node,) = yaml.safe_load((ROOT / "kind-config.yaml").read_text())["nodes"]
    assert {port["listenAddress"] for port in node["extraPortMappings"]} == {"127.0.0.1"}


def test_the_ui_s_port_leads_to_argo_s_server() -> None:
    (node,) = yaml.safe_load((ROOT / "kind-config.yaml").read_text())["nodes"]
    added = yaml.safe_load_all((ROOT / "kind-argo.yaml").read_text())
    service = next(document for document in added if document["kind"] == "Service")
    (port,) = service["spec"]["ports"]
    (mapping,) = node["extraPortMappings"]
    assert (mapping["hostPort"], mapping["containerPort"]) == (port["port"], port["nodePort"])
