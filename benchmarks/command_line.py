"""CPU seconds of the commands that people and CI call most: heavy imports must stay where they are used."""

from functools import partial

from benchmarks.measure import Line, median, program, run, show

BARS = {("--help",): 0.5, ("render",): 2.0}  # user + system seconds of the child


def _cpu(arguments: tuple[str, ...]) -> float:
    return run([program("journey"), *arguments]).cpu


def main() -> bool:
    """Measure and print; returns whether no bar was missed."""
    lines = []
    for arguments, bar in BARS.items():
        run([program("journey"), *arguments])  # once for the file cache and the .pyc files
        cpu = median(partial(_cpu, arguments))
        lines.append(Line(f"journey {' '.join(arguments)}", f"{cpu:.2f} s CPU", f"under {bar} s", cpu < bar))
    return show("Command line, median", lines)


if __name__ == "__main__":
    raise SystemExit(not main())
