"""The built images, each run as a pod runs it: its user, a root that cannot be written, no capability.

`make test-cluster` runs these. REPOSITORY and TAG name the images, as they do for `docker buildx bake`.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from itertools import takewhile
from typing import Any
from uuid import uuid4

import pytest

from journey.bigquery import Warehouse
from journey.settings import Settings
from tests.images.dockerfile import IMAGES, ROOT
from tests.images.test_dockerfiles import CODE

pytestmark = pytest.mark.cluster

LOCKED = (
    *("--read-only", "--tmpfs", "/tmp"),
    *("--user", "10001:10001", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)
WITH_JOURNEY = [image for image in IMAGES if "journey" in CODE[image]]
# What is looked for inside: tools that build or fetch, by name on the PATH, and modules.
LOOK = """
import importlib.util, json, os, shutil
print(json.dumps({
    "ids": [os.getuid(), os.getgid(), os.getgroups()],
    "tools": [t for t in ("uv", "uvx", "pip", "pip3", "gcc", "cc", "make", "git", "curl", "wget") if shutil.which(t)],
    "modules": [m for m in ("pip", "ensurepip", "uv", "journey", "load", "report", "synth", "workflows", "tests")
                if importlib.util.find_spec(m)],
    "writable": [f for f in ("/", "/app", "/etc", "/opt/journey", "/tmp", "/usr/local", "/var/tmp")
                 if os.access(f, os.W_OK)],
}))
"""


def docker(*arguments: str, timeout: float = 120) -> str:
    """What docker prints. Fails with all that was said."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


def name_of(image: str) -> str:
    """The full name of an image; TAG not set: that of this checkout."""
    describe = ("git", "describe", "--always", "--dirty", "--abbrev=12")
    tag = os.environ.get("TAG") or subprocess.check_output(describe, cwd=ROOT, text=True).strip()
    return f"{os.environ.get('REPOSITORY', 'customer-journey')}/{image}:{tag}"


def run(image: str, *command: str, options: tuple[str, ...] = ()) -> str:
    return docker("run", "--rm", "--network", "none", *LOCKED, *options, name_of(image), *command)


def inspect(image: str) -> dict[str, Any]:
    (found,) = json.loads(docker("image", "inspect", name_of(image)))
    return dict(found)


@pytest.mark.parametrize("image", IMAGES)
def test_it_is_what_its_labels_say_and_runs_as_a_number(image: str) -> None:
    name, config = name_of(image), inspect(image)["Config"]
    assert config["User"] == "10001:10001"
    labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
    assert labels["title"] == f"customer-journey/{image}"
    assert labels["revision"] == name.rpartition(":")[2]


@pytest.mark.parametrize("image", IMAGES)
def test_inside_is_nothing_that_builds_and_no_other_stage(image: str) -> None:
    found = json.loads(run(image, "python", "-c", LOOK))
    assert found == {
        "ids": [10001, 10001, [10001]],
        "tools": [],
        "modules": [name for name in ("journey", "load", "report", "synth") if name in CODE[image]],
        "writable": ["/tmp"],
    }


@pytest.mark.parametrize("image", WITH_JOURNEY)
def test_the_command_line_answers(image: str) -> None:
    assert "Usage: journey" in run(image, "journey", "--help")


def test_the_synth_image_makes_days_up() -> None:
    made = run("synth", "journey", "source", "--scale", "0.001", "--end", "2020-11-02", "--out", "/tmp/days")
    assert made.startswith("2 days, ")


def test_a_stage_that_finds_no_database_asks_to_be_tried_again() -> None:
    command = ["docker", "run", "--rm", "--network", "none", *LOCKED, "--env", "PGHOST=127.0.0.1"]
    hosts = ["--env", "BIGQUERY_EMULATOR_HOST=http://127.0.0.1:9050"]
    done = subprocess.run(
        [*command, *hosts, name_of("load-backend"), "journey", "load", "users"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (75, False), done.stderr


def test_dbt_keeps_its_macros_for_tests() -> None:
    """A folder called `tests` that is none: without it every test of the data ends in an error."""
    folder = "__import__('pathlib').Path(__import__('dbt.include').include.__path__[0])"
    listed = run("dbt", "python", "-c", f"print(*{folder}.glob('global_project/macros/materializations/tests/*.sql'))")
    assert "test.sql" in listed


def test_dbt_starts_from_what_was_parsed_at_build() -> None:
    host = ("--env", "BIGQUERY_EMULATOR_HOST=http://customer-journey-bigquery-emulator:9050")
    assert "Unable to do partial parsing" not in run("dbt", "dbt", "parse", options=host)
    other = (*host, "--env", "GOOGLE_CLOUD_PROJECT=another-project")
    assert "Unable to do partial parsing because profile has changed" in run("dbt", "dbt", "parse", options=other)


def test_all_images_share_their_first_layers() -> None:
    layers = [inspect(image)["RootFS"]["Layers"] for image in IMAGES]
    base = json.loads(docker("image", "inspect", "python:3.13-slim-bookworm"))[0]["RootFS"]["Layers"]
    shared = list(takewhile(lambda at_one_depth: len(set(at_one_depth)) == 1, zip(*layers, strict=False)))
    # those of Python's image, the one that prepares it, the packages of all
    assert len(shared) >= len(base) + 2


@pytest.fixture
def emulator() -> Iterator[str]:
    """The emulator in a container, its REST port on loopback."""
    container = f"journey-{uuid4().hex[:8]}"
    options = ("--tmpfs", "/data:uid=10001,gid=10001", "--publish", "127.0.0.1::9050")
    docker("run", "--detach", "--name", container, *LOCKED, *options, name_of("bigquery-emulator"))
    try:
        end = time.monotonic() + 60
        while '"port": 9050' not in (said := docker("logs", container)):  # printed once its ports are bound
            assert time.monotonic() < end, said
            time.sleep(0.2)
        yield docker("port", container, "9050").splitlines()[0]
    finally:
        docker("rm", "--force", container)


def test_the_emulator_answers_from_a_root_that_cannot_be_written(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"http://{emulator}")
    monkeypatch.delenv("JOURNEY_STORAGE_HOST", raising=False)
    sql = "select format_timestamp('%F %T', timestamp '2020-11-01 00:30:00+00', 'America/Los_Angeles') as at"
    assert Warehouse(Settings.from_environment()).arrow(sql).to_pylist() == [{"at": "2020-10-31 17:30:00"}]
