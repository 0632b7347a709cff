"""Nothing outlives the one that started it, also when that one is killed with -9."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

LIFELINE = [sys.executable, "-m", "journey.lifeline", "--"]


def wait_for(path: Path, seconds: float = 30) -> int:
    """The number that a process writes to a file once it runs."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.is_file() and path.read_text().endswith("\n"):
            return int(path.read_text())
        time.sleep(0.05)
    raise AssertionError(f"nothing was written to {path}")


def gone(pid: int, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("code", [0, 2, 75])
def test_the_exit_code_is_the_commands_own(code: int) -> None:
    with subprocess.Popen([*LIFELINE, "sh", "-c", f"exit {code}"], stdin=subprocess.PIPE) as child:
        assert child.wait(30) == code


def test_a_command_ended_by_a_signal_reports_it_as_a_shell_does() -> None:
    with subprocess.Popen([*LIFELINE, "sh", "-c", "kill -9 $$"], stdin=subprocess.PIPE) as child:
        assert child.wait(30) == 137


def test_a_command_that_is_not_there_is_named() -> None:
    with subprocess.Popen(
        [*LIFELINE, "no-such-command"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        _, said = child.communicate()
        assert child.returncode == 127
        assert said.startswith("no-such-command cannot be started")


def test_when_the_starter_is_killed_the_whole_group_goes(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    command = f"sleep 1000 & echo $! > {note}; wait"
    starter = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess, sys; subprocess.Popen({[*LIFELINE, 'sh', '-c', command]!r}, "
         "stdin=subprocess.PIPE).wait()"]
    )  # fmt: skip
    grandchild = wait_for(note)
    os.kill(starter.pid, signal.SIGKILL)
    starter.wait()
    assert gone(grandchild)


def test_a_signal_to_the_lifeline_reaches_the_command(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with subprocess.Popen(
        [*LIFELINE, "sh", "-c", f"echo $$ > {note}; exec sleep 1000"], stdin=subprocess.PIPE
    ) as child:
        command = wait_for(note)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 128 + signal.SIGTERM
        assert gone(command)
