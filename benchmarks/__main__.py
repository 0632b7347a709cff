"""`make bench`: measures what the project promises about speed and memory, and says pass or fail.

    python -m benchmarks                        # everything, about half an hour on two quiet cores
    python -m benchmarks command_line warehouse # some of it
    BENCH_REPEATS=1 python -m benchmarks        # a smoke: figures without meaning

Ratios come from one run on one machine; each figure is a median of five.
"""

import subprocess
import sys

from benchmarks.measure import CHECKOUT

SECTIONS = ("command_line", "warehouse", "source_b", "load_backend")


def main(wanted: list[str]) -> int:
    """Run the sections, each in its turn; returns the exit code: 0, or 1 when a bar was missed."""
    if unknown := set(wanted) - set(SECTIONS):
        print(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    # each in a process of its own: none pays for what another left in memory
    missed = [section for section in wanted or SECTIONS if _misses(section)]
    print(f"not met: {', '.join(missed)}" if missed else "every bar was met")
    return 1 if missed else 0


def _misses(section: str) -> bool:
    command = [sys.executable, "-m", f"benchmarks.{section}"]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
