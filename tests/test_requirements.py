"""The hashed requirements are those that pyproject.toml asks for; checked here without any network."""

import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENTRY = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)+.*)$", re.MULTILINE)


def entries(extra: str) -> dict[str, tuple[Version, int]]:
    """Version and number of hashes of each package in requirements/EXTRA.txt."""
    text = (ROOT / "requirements" / f"{extra}.txt").read_text()
    return {e["name"]: (Version(e["version"]), e["rest"].count("--hash=sha256:")) for e in ENTRY.finditer(text)}


IMAGES = ["synth", "load-ga4", "load-backend", "dbt", "report", "bigquery-emulator"]


def asked_for(extra: str) -> list[Requirement]:
    """What pyproject.toml asks for under an extra, extras of the project itself followed."""
    wanted = [Requirement(text) for text in PROJECT["optional-dependencies"][extra]]
    own = [part for wish in wanted if wish.name == PROJECT["name"] for part in sorted(wish.extras)]
    others = [wish for wish in wanted if wish.name != PROJECT["name"]]
    return others + [wish for part in own for wish in asked_for(part)]


@pytest.mark.parametrize("extra", ["local", "dev"])
def test_every_wish_of_pyproject_is_met(extra: str) -> None:
    pinned = entries(extra)
    wishes = [*map(Requirement, PROJECT["dependencies"]), *asked_for(extra)]
    missing = [str(wish) for wish in wishes if canonicalize_name(wish.name) not in pinned]
    assert missing == []
    unmet = [str(wish) for wish in wishes if pinned[canonicalize_name(wish.name)][0] not in wish.specifier]
    assert unmet == []


@pytest.mark.parametrize("extra", ["local", "dev", "images/journey", *(f"images/{image}" for image in IMAGES)])
def test_every_package_has_hashes_and_nothing_has_an_address(extra: str) -> None:
    text = (ROOT / "requirements" / f"{extra}.txt").read_text()
    pinned = entries(extra)
    assert len(pinned) == len(re.findall(r"^[^\s#]", text, re.MULTILINE))
    assert [name for name, (_, hashes) in pinned.items() if not hashes] == []
    assert "://" not in text
    assert "\n-" not in text


def test_dev_holds_all_of_local() -> None:
    local, dev = entries("local"), entries("dev")
    assert {name: dev.get(name) for name in local} == local


def test_the_overrides_are_in_force() -> None:
    lines = (ROOT / "requirements" / "overrides.txt").read_text().splitlines()
    wishes = [Requirement(line) for line in lines if not line.startswith("#")]
    assert wishes
    for extra in ("local", "dev"):
        pinned = entries(extra)
        for wish in wishes:
            if wish.marker is None or wish.marker.evaluate():
                assert pinned[wish.name][0] in wish.specifier
            else:
                assert wish.name not in pinned


def closure(wishes: list[Requirement]) -> set[str]:
    """The packages that some requirements need here, by what the installed packages say of themselves."""
    found: set[tuple[str, str]] = set()
    todo = [(canonicalize_name(wish.name), extra) for wish in wishes for extra in ("", *wish.extras)]
    while todo:
        if (one := todo.pop()) in found:
            continue
        found.add(one)
        name, extra = one
        needs = [Requirement(text) for text in requires(name) or []]
        needs = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
        todo += [(canonicalize_name(need.name), part) for need in needs for part in ("", *need.extras)]
    return {name for name, _ in found}


def held_here(extra: str) -> set[str]:
    """The packages of requirements/EXTRA.txt that are for this platform."""
    text = (ROOT / "requirements" / f"{extra}.txt").read_text()
    lines = [Requirement(line.rstrip("\\ ")) for line in text.splitlines() if re.match(r"[a-z0-9-]+==", line)]
    return {line.name for line in lines if line.marker is None or line.marker.evaluate()}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_its_stage_needs_and_nothing_of_another(image: str) -> None:
    shared, own = held_here("images/journey"), held_here(f"images/{image}")
    assert shared & own == set()
    assert shared == closure([Requirement(text) for text in PROJECT["dependencies"]])
    assert shared | own == shared | closure(asked_for(image))


@pytest.mark.parametrize("image", ["journey", *IMAGES])
def test_an_image_holds_the_versions_that_the_tests_ran_with(image: str) -> None:
    held, tested = entries(f"images/{image}"), entries("local")
    assert {name: tested.get(name) for name in held} == held


def test_the_requirements_of_images_are_those_of_the_images() -> None:
    lists = {path.stem for path in (ROOT / "requirements/images").glob("*.txt")}
    assert lists == {"journey", *IMAGES}
    assert {path.name for path in (ROOT / "images").iterdir() if path.is_dir()} == set(IMAGES)
