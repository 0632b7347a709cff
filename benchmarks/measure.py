"""What every benchmark shares: medians, a child's CPU time, and the table that says pass or fail."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Line:
    """One measured thing. `passed` None: there is no bar, the figure is for information."""

    work: str
    measured: str
    bar: str = ""
    passed: bool | None = None


def repeats() -> int:
    """How often a thing is measured: env BENCH_REPEATS, default 5."""
    return int(os.environ.get("BENCH_REPEATS", "5"))


def median(measure: Callable[[], float], times: int | None = None) -> float:
    """The median of several calls; what they return is up to them, mostly seconds."""
    return statistics.median(measure() for _ in range(times or repeats()))


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call, seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@dataclass(frozen=True)
class Child:
    """What a finished child process took, seconds."""

    wall: float
    cpu: float


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
    """Run a command from the checkout to its end.

    Raises: SystemExit, with what the command wrote, when it fails.
    """
    started = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout
    written = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)  # not Popen.wait: it drops the usage
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{written[-4000:]}")
    return Child(wall=time.perf_counter() - started, cpu=usage.ru_utime + usage.ru_stime)


def program(name: str) -> str:
    """A command of this environment, `journey` or `dbt`."""
    return str(Path(sys.executable).with_name(name))


def show(title: str, lines: Sequence[Line]) -> bool:
    """Print the lines as a table; returns whether no bar was missed."""
    rows = [
        (line.work, line.measured, line.bar, {None: "", True: "PASS", False: "FAIL"}[line.passed]) for line in lines
    ]
    widths = [max(len(row[column]) for row in [*rows, ("work", "measured", "bar", "")]) for column in range(4)]
    print(f"\n{title}")
    for row in [("work", "measured", "bar", ""), tuple("-" * width for width in widths), *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(flush=True)
    return all(line.passed is not False for line in lines)
