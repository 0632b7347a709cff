"""The README's commands: all of them exist, and the blocks marked `sh tested` are run, one after the other."""

import os
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text()
# Enough days for every table to hold something, few enough for a test.
SMALL = "--start 2020-11-24 --end 2020-11-30"


def blocks(kind: str) -> list[str]:
    """The text of the README's fenced blocks whose first line is ```KIND."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    """Every command of the README, in words."""
    lines = "".join(blocks("sh(?: tested)?")).splitlines()
    return [shlex.split(re.sub(r'^eval "\$\((.*)\)"$', r"\1", line)) for line in lines]


def journey_commands() -> list[list[str]]:
    """What the README gives to `journey`, by itself or by `make run`."""
    for_run = [words[2].removeprefix("ARGS=") for words in commands() if words[:2] == ["make", "run"] and words[2:]]
    return [words[1:] for words in commands() if words[0] == "journey"] + [["run", *shlex.split(a)] for a in for_run]


def environment(**more: str) -> dict[str, str]:
    """As someone has it who has just opened a terminal and made the environment active."""
    left_out = ("JOURNEY_", "PG", "BIGQUERY_", "MAKE")  # MAKEFLAGS hands the ARGS of `make test` on to `make run`
    own = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return own | {"PATH": f"{BIN}:{own['PATH']}", "NO_COLOR": "1", "COLUMNS": "200"} | more


def sh(command: str, **more: str) -> str:
    """Run it; returns what it printed, fails the test with all of that if it fails."""
    done = subprocess.run(
        ["sh", "-euc", command], cwd=ROOT, env=environment(**more), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in commands() if words[0] == "make"}
    assert named - targets == set()
    assert {"run", "test"} <= named


@pytest.mark.parametrize("words", journey_commands(), ids=" ".join)
def test_every_journey_command_of_the_readme_exists_with_its_flags(words: list[str]) -> None:
    help_text = help_of(" ".join(words[: 2 if words[0] == "load" else 1]))
    assert [word for word in words if word.startswith("--") and word not in help_text] == []


@cache
def help_of(command: str) -> str:
    return sh(f"journey {command} --help")


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a whole run and some commands: two minutes on a quiet machine
def test_the_tested_blocks_work_one_after_the_other(tmp_path: Path) -> None:
    run, *others = blocks("sh tested")
    assert run == "make run\n"
    state = {"JOURNEY_STATE": str(tmp_path / "state")}
    try:
        summary = sh(run, ARGS=SMALL, **state)
        assert str(tmp_path / "state" / "report.html") in summary
        for block in others:
            sh(block, JOURNEY_START="2020-11-30", JOURNEY_END="2020-11-30", **state)
        assert "nothing runs" in sh("journey status", **state)
    finally:
        sh("journey down", **state)
