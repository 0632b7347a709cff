"""Ends a process when the one that started it is gone, even by kill -9.

The starter holds the write end of the child's standard input. When it closes without the word `keep`, nobody is left
to want the child. Used two ways: a service calls `end_with_starter()` in its own process; any other command runs under
`python -m journey.lifeline -- COMMAND`, which ends the command's whole process group.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType

GRACE_SECONDS = 10.0


def end_with_starter(after_seconds: float = GRACE_SECONDS) -> None:
    """Watch standard input in a thread: at its end without `keep`, this process gets SIGTERM, later SIGKILL."""

    def watch() -> None:
        if _kept():
            return
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(after_seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _kept() -> bool:
    # os.read, not sys.stdin: a buffered reader's lock would block the interpreter's exit
    said = b""
    while chunk := os.read(0, 64):
        said += chunk
        if b"keep\n" in said:
            return True
    return False


def run(command: list[str]) -> int:
    """Run a command in a process group of its own until it ends or the starter is gone; returns its exit code.

    A command ended by signal n returns 128 + n, as a shell and a container report it.
    """
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
    except OSError as error:
        print(f"{command[0]} cannot be started: {error.strerror}", file=sys.stderr)
        return 127

    def pass_on(number: int, _frame: FrameType | None) -> None:
        _signal_group(child.pid, number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)

    def end() -> None:
        if _kept():
            return
        _signal_group(child.pid, signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        _signal_group(child.pid, signal.SIGKILL)

    threading.Thread(target=end, daemon=True).start()
    code = child.wait()
    # what the command itself left behind belongs to the task too
    _signal_group(child.pid, signal.SIGKILL)
    return 128 - code if code < 0 else code


def _die_with_parent() -> None:
    """Linux: SIGKILL for the command when this process itself is killed, or a retry would run beside the first try."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    sys.exit(run(sys.argv[sys.argv.index("--") + 1 :]))
