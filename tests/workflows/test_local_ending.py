"""A run that is stopped from outside: signals, and the death of the runner itself. No process may be left."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.workflows.made_up import is_alive

PROJECT = Path(__file__).parent.parent.parent

# a runner of its own: two tasks, each with a grandchild, and one that waits for them
RUNNER = """
import dataclasses, json, sys
from pathlib import Path
from tests.workflows.made_up import Runner, made_up
tell = 'echo $! > "$SHARED/{0}-grandchild.pid"; echo $$ > "$SHARED/{0}.pid"'
script = "%s; sleep 60 & " + tell + "; wait"
template = made_up({"a": script.format("a"), "b": script.format("b"), "c": "true"}, {"c": "a && b"})
ran = Runner(Path(sys.argv[1]))(template)
print(json.dumps(dataclasses.asdict(ran.result)))
"""
WILLING = "true"
STUBBORN = "trap '' TERM"  # its grandchild inherits that

Until = Callable[[Callable[[], bool]], None]
Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, until: Until) -> Iterator[Start]:
    """Starts a runner and waits until all four processes of its tasks are there."""
    started: list[subprocess.Popen[str]] = []

    def begin(ending: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", RUNNER % ending, str(tmp_path)]
        started.append(subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True))
        until(lambda: len(pids(tmp_path)) == 4)
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def pids(folder: Path) -> list[int]:
    """The processes that have told their number."""
    return [int(text) for path in folder.glob("*.pid") if (text := path.read_text().strip())]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process_and_the_result_says_so(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    runner = start(WILLING)
    runner.send_signal(number)
    said, _ = runner.communicate(timeout=30)
    assert not any(is_alive(pid) for pid in pids(tmp_path))
    result = json.loads(said)
    assert (result["succeeded"], result["ended_by"]) == (False, number.name)
    assert [t["phase"] for t in result["tasks"]] == ["Failed", "Failed", "Omitted"]
    assert [t["exit_code"] for t in result["tasks"]] == [143, 143, None]
    assert result["tasks"][2]["message"] == f"not started: {number.name}"


def test_who_does_not_end_when_asked_is_killed_after_a_grace(start: Start, tmp_path: Path) -> None:
    runner = start(STUBBORN)
    runner.send_signal(signal.SIGINT)
    said, _ = runner.communicate(timeout=40)
    assert not any(is_alive(pid) for pid in pids(tmp_path))
    assert [t["exit_code"] for t in json.loads(said)["tasks"]] == [137, 137, None]


def test_a_runner_killed_by_force_leaves_no_process(start: Start, tmp_path: Path, until: Until) -> None:
    runner = start(WILLING)
    runner.kill()
    until(lambda: not any(is_alive(pid) for pid in pids(tmp_path)))
