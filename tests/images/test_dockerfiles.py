"""What the Dockerfiles promise, told from their text. tests/cluster/test_images.py asks the built images."""

import re
import subprocess
import tomllib

import pytest

from tests.images.dockerfile import (
    IMAGES,
    ROOT,
    SHARED,
    baked,
    reaches_a_build,
    read_from_checkout,
    shipped,
    stages,
    stages_of,
)
from workflows.pipeline import template

CODE = {
    "synth": {"journey", "synth"},
    "load-ga4": {"journey", "load"},
    "load-backend": {"journey", "load"},
    "dbt": {"dbt"},
    "report": {"journey", "report"},
    "bigquery-emulator": {"journey"},
}


def test_what_is_built_is_what_the_workflow_runs_and_the_emulator() -> None:
    named = re.findall(r"\}\}/([a-z0-9-]+):\{\{", template.to_yaml())
    assert baked() == {*named, "bigquery-emulator"}
    assert baked() == set(IMAGES) == set(CODE)


def test_the_bake_file_tells_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'default     = "{version}"' in (ROOT / "docker-bake.hcl").read_text()


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_the_code_of_its_stage_and_no_other(image: str) -> None:
    folders = {path for path in read_from_checkout(image) if (ROOT / path).is_dir()}
    assert folders == CODE[image]
    lists = {path for path in read_from_checkout(image) if path.startswith("requirements/images/")}
    assert lists == {"requirements/images/journey.txt", f"requirements/images/{image}.txt"}


@pytest.mark.parametrize("image", IMAGES)
def test_every_base_has_a_version(image: str) -> None:
    known = {stage.name for stage in stages(image)}
    bases = {stage.base for stage in stages(image)} - known
    uv = re.search(r"^uv==(\S+)", (ROOT / "requirements/dev.txt").read_text(), re.MULTILINE)
    assert uv
    assert bases == {"python:3.13-slim-bookworm", f"ghcr.io/astral-sh/uv:{uv[1]}"}


@pytest.mark.parametrize("image", IMAGES)
def test_it_runs_as_a_number_that_is_not_root(image: str) -> None:
    words = [word for word, _ in shipped(image)]
    assert [rest for word, rest in shipped(image) if word == "USER"] == ["10001:10001"]
    assert "RUN" not in words[words.index("USER") :]


@pytest.mark.parametrize("image", IMAGES)
def test_what_built_it_is_not_in_it(image: str) -> None:
    runs = "\n".join(rest for word, rest in shipped(image) if word == "RUN")
    assert not re.search(r"\b(uv|apt|apt-get|curl|gcc)\b", runs)
    assert re.search(r"rm -rf /usr/local/bin/pip\*.*/site-packages/pip\*", runs)
    copied = [rest for word, rest in shipped(image) if word == "COPY"]
    sources = {tuple(rest.split()[:2]) for rest in copied if rest.startswith("--from")}
    assert sources <= {
        ("--from=packages", "/opt/journey"),
        ("--from=own", "/own"),
        ("--from=code", "/code"),
        ("--from=parsed", "/parsed/partial_parse.msgpack"),
    }


@pytest.mark.parametrize("image", IMAGES)
def test_every_package_comes_as_a_wheel_whose_hash_is_known(image: str) -> None:
    installs = [
        part
        for stage in stages(image)
        for word, rest in stage.instructions
        if word == "RUN"
        for part in rest.split(" && ")
        if "pip install" in part or "uv build" in part
    ]
    assert installs
    for install in installs:
        is_hashed = "--require-hashes" in install and ("--only-binary :all:" in install or "uv build" in install)
        assert is_hashed or install.endswith("--no-deps dist/*.whl"), install


@pytest.mark.parametrize("image", IMAGES)
def test_layers_that_all_images_share_come_first_and_are_the_same(image: str) -> None:
    layers = [one for one in shipped(image) if one[0] in ("RUN", "COPY")]
    runtime = next(stage for stage in stages_of(SHARED) if stage.name == "runtime")
    shared = [one for one in runtime.instructions if one[0] in ("RUN", "COPY")]
    assert shared[-1] == ("COPY", "--from=packages /opt/journey /opt/journey")
    assert layers[: len(shared)] == shared


def test_the_bake_file_hands_in_what_the_dockerfiles_start_from() -> None:
    bake = (ROOT / "docker-bake.hcl").read_text()
    handed_in = set(re.findall(r'^    (\w+) += "target:\1"$', bake, re.MULTILINE))
    for image in IMAGES:
        own = stages_of(ROOT / "images" / image / "Dockerfile")
        assert {stage.base for stage in own} - {stage.name for stage in own} == handed_in


@pytest.mark.parametrize("image", IMAGES)
def test_labels_say_what_it_is_and_where_it_comes_from(image: str) -> None:
    (label,) = [rest for word, rest in shipped(image) if word == "LABEL"]
    labels = dict(re.findall(r'org\.opencontainers\.image\.([a-z]+)="([^"]*)"', label))
    assert labels.pop("description").endswith(".")
    assert labels == {
        "title": f"customer-journey/{image}",
        "licenses": "Apache-2.0",
        "version": "${VERSION}",
        "revision": "${REVISION}",
        "source": "${SOURCE}",
    }
    bake = (ROOT / "docker-bake.hcl").read_text()
    assert [name for name in ("VERSION", "REVISION", "SOURCE") if not re.search(rf"^    {name} +=", bake, re.M)] == []


@pytest.mark.parametrize("image", IMAGES)
def test_no_secret_is_asked_for_or_kept(image: str) -> None:
    words = "\n".join(rest for stage in stages(image) for word, rest in stage.instructions if word in ("ARG", "ENV"))
    assert not re.search(r"password|secret|token|salt|credential|key", words, re.IGNORECASE)


def test_dockerignore_lets_through_what_is_named_and_nothing_else() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert lines[0] == "*"
    needed = set().union(*(read_from_checkout(image) for image in IMAGES))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    for path in tracked.stdout.splitlines():
        is_needed = any(path == one or path.startswith(f"{one}/") for one in needed)
        assert reaches_a_build(path) == is_needed, path


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        ".git/config",
        ".venv/bin/python",
        "key.json",
        "charts/values.yaml",
        "dbt/target/manifest.json",
        "dbt/logs/dbt.log",
        "dbt/.user.yml",
        "load/__pycache__/ga4.cpython-313.pyc",
        "synth/storefront/__pycache__/chain.cpython-313.pyc",
    ],
)
def test_what_lies_about_in_a_checkout_stays_out(path: str) -> None:
    assert not reaches_a_build(path)
