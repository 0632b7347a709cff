"""The hashed requirements are those that pyproject.toml asks for; checked here without any network."""

import re
import tomllib
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


@pytest.mark.parametrize("extra", ["local", "dev"])
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


def test_the_override_is_in_force() -> None:
    wish = Requirement((ROOT / "requirements" / "overrides.txt").read_text().strip())
    assert entries("local")[wish.name][0] in wish.specifier
