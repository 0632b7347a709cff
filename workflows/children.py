"""The processes of a run: each in a group of its own, all ended by one call, none left when the runner is gone."""

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ended:
    """How a process ended. exit_code: 128 + n when signal n ended it. has_timed_out: it was ended for want of time."""

    exit_code: int
    seconds: float
    has_timed_out: bool


class Children:
    """Starts processes and can end every one of them.

    Each runs under `journey.lifeline`, which ends the whole group of the command (SIGTERM, ten seconds later SIGKILL)
    as soon as its standard input closes. So closing that pipe is how a process is ended, and the kernel closes it for
    a runner that was killed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._living: set[subprocess.Popen[bytes]] = set()
        self._over = threading.Event()

    def run(self, command: list[str], environment: dict[str, str], log: IO[bytes], timeout: float | None) -> Ended:
        """Run a command in the project's folder until it ends; its output goes to the log.

        Called from many threads at once. After `end` nothing is started: the exit code is then that of SIGTERM.
        """
        started = time.monotonic()
        with self._lock:
            if self._over.is_set():
                return Ended(128 + signal.SIGTERM, 0.0, False)
            process = subprocess.Popen(
                [sys.executable, "-m", "journey.lifeline", "--", *command],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,  # Ctrl-C in the terminal reaches the runner alone, which then ends its children
            )
            self._living.add(process)
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            _close(process)

        timer = threading.Timer(threading.TIMEOUT_MAX if timeout is None else timeout, expire)
        timer.daemon = True
        timer.start()
        code = process.wait()
        timer.cancel()
        with self._lock:
            self._living.discard(process)
        _close(process)
        return Ended(128 - code if code < 0 else code, time.monotonic() - started, expired.is_set())

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond `end`."""
        self._over.wait(seconds)

    def is_over(self) -> bool:
        """Whether `end` was called."""
        return self._over.is_set()

    def end(self) -> None:
        """End every process and start no other. Returns at once: those who wait in `run` see their process end."""
        with self._lock:
            self._over.set()
            for process in self._living:
                _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
