"""Real days through load-ga4, dbt run and dbt test, against plain DuckDB over the same files; what one more day costs.

Each stage runs as the DAG runs it: a process of its own, started cold, dbt without an earlier parse. Its fixed part
(starting Python, dbt and the clients, a round trip a model) is what the same stage takes on a day of a few events; the
rest grows with the events.
"""

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Self

from benchmarks import days, plain_duckdb
from benchmarks.measure import Line, program, repeats, run, seconds, show
from journey import services
from journey.settings import Settings

PROJECT = "customer-journey"
STAGES = ("load-ga4", "dbt run", "dbt test")
COMMANDS = {
    "synth": [program("journey"), "synth"],
    "load-ga4": [program("journey"), "load", "ga4"],
    "load-users": [program("journey"), "load", "users"],
    "load-orders": [program("journey"), "load", "orders"],
    # the models that the bar was set for, and once before them those that they read
    "every model": [program("dbt"), "run"],
    "dbt run": [program("dbt"), "run", "--selector", "core"],
    "dbt test": [program("dbt"), "test", "--selector", "core", "--indirect-selection", "buildable"],
}
AT_MOST, GROWING_AT_MOST, SAME_WITHIN = 15, 10, 0.20


@contextmanager
def warehouse() -> Iterator[tuple[Path, dict[str, str]]]:
    """A fresh emulator and PostgreSQL: a folder to write to, and the environment that reaches both."""
    with tempfile.TemporaryDirectory(prefix="journey-bench-", ignore_cleanup_errors=True) as folder:
        state = Path(folder) / "state"
        started = services.up(state, PROJECT)
        before = dict(os.environ)
        os.environ.update(started.environment)
        try:
            yield Path(folder), started.environment
        finally:
            os.environ.clear()
            os.environ.update(before)
            services.down(state)


@dataclass(frozen=True)
class Pipeline:
    """One set of days in a source, and datasets and a schema of their own to bring them into."""

    settings: Settings
    scratch: Path

    @classmethod
    def over(cls, folder: Path, name: str, scratch: Path) -> Self:
        """Fill a source of that name from a folder of days; what is not measured: its orders, and a first build."""
        from synth.source import Making, fill_source

        files = sorted(folder.glob("events_*.parquet"))
        settings = Settings.from_environment(
            start=days.day_of(files[0]),
            end=days.day_of(files[-1]),
            ga4_source=f"ga4-{name}.export",
            dataset_prefix=f"{name}_",
            backend_schema=f"shop_{name}",
            as_of="2021-06-30",
        )
        fill_source(settings, folder, Making(1.0, 42), None)
        pipeline = cls(settings, scratch / name)
        for stage in ("synth", "load-users", "load-orders", "load-ga4", "every model"):
            pipeline.stage(stage)
        return pipeline

    def stage(self, name: str) -> float:
        """Run a stage as a process of its own; returns its seconds."""
        shutil.rmtree(self.scratch, ignore_errors=True)  # no partial parse: a container starts without one
        self.scratch.mkdir(parents=True)
        environment = self.settings.environment() | {
            "DBT_PROJECT_DIR": "dbt",
            "DBT_PROFILES_DIR": "dbt",
            "DBT_TARGET_PATH": str(self.scratch / "target"),
            "DBT_LOG_PATH": str(self.scratch / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        }
        return run(COMMANDS[name], environment).wall


def against_duckdb(scratch: Path) -> list[Line]:
    """The split by stage, the whole and the growing part, each against plain DuckDB."""
    files = days.real_files()
    folders = {
        "ten": days.link(files, scratch / "days" / "ten"),
        "tiny": scratch / "days" / "tiny",
    }
    days.cut(files[0], folders["tiny"], rows=200)
    pipelines = {name: Pipeline.over(folder, name, scratch / "target") for name, folder in folders.items()}
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(repeats()):
        for name, pipeline in pipelines.items():
            for stage in STAGES:
                taken.setdefault((name, stage), []).append(pipeline.stage(stage))
            yardstick = seconds(partial(plain_duckdb.compute, folders[name], scratch / "plain.duckdb"))
            taken.setdefault((name, "DuckDB"), []).append(yardstick)
    median = {key: statistics.median(values) for key, values in taken.items()}

    lines = [
        Line(stage, f"{median['ten', stage]:.1f} s, of it fixed {median['tiny', stage]:.1f} s") for stage in STAGES
    ]
    ten, tiny = (sum(median[name, stage] for stage in STAGES) for name in ("ten", "tiny"))
    plain, plain_tiny = median["ten", "DuckDB"], median["tiny", "DuckDB"]
    whole, growing = ten / plain, (ten - tiny) / (plain - plain_tiny)
    return [
        *lines,
        Line("plain DuckDB, same files", f"{plain:.1f} s, of it fixed {plain_tiny:.1f} s"),
        Line(
            f"{len(files)} days, three stages / DuckDB",
            f"{ten:.1f} s / {plain:.1f} s = {whole:.1f}x",
            f"at most {AT_MOST}x",
            whole <= AT_MOST,
        ),
        Line(
            "the part that grows with the events",
            f"{ten - tiny:.1f} s / {plain - plain_tiny:.1f} s = {growing:.1f}x",
            f"at most {GROWING_AT_MOST}x",
            0 < growing <= GROWING_AT_MOST,  # below zero the machine was too busy to tell anything
        ),
    ]


def another_day(scratch: Path) -> list[Line]:
    """The same ten days loaded over themselves; an eleventh day after ten and after forty. In one warm process."""
    from load.ga4 import load_ga4
    from synth.source import Making, fill_source

    real = days.real_files()
    folder = days.link(real, scratch / "days")
    later = [days.moved(file, folder, times) for times in (1, 2, 3) for file in real]
    eleventh = days.moved(real[1], folder, times=4)
    source = Settings.from_environment(ga4_source="ga4-forty.export")
    fill_source(source, folder, Making(1.0, 42), None)

    def loaded(prefix: str, first: date, last: date) -> float:
        settings = source.model_copy(update={"dataset_prefix": prefix, "start": first, "end": last})
        return seconds(lambda: load_ga4(settings))

    first, last = days.day_of(real[0]), days.day_of(real[-1])
    day = days.day_of(eleventh)
    loaded("after_ten_", first, last)
    loaded("after_forty_", first, days.day_of(later[-1]))
    fresh: list[float] = []
    again: list[float] = []
    after: dict[str, list[float]] = {"after_ten_": [], "after_forty_": []}
    for number in range(repeats()):  # in turn, so that a busy minute of the machine falls on both sides
        fresh.append(loaded(f"fresh{number}_", first, last))
        again.append(loaded(f"fresh{number}_", first, last))
        for prefix, times in after.items():
            times.append(loaded(prefix, day, day))
    return [
        _same(f"{len(real)} days again over themselves / at first", again, fresh),
        _same(f"one more day after {len(real) * 4} / after {len(real)}", after["after_forty_"], after["after_ten_"]),
    ]


def _same(work: str, taken: list[float], before: list[float]) -> Line:
    one, other = statistics.median(taken), statistics.median(before)
    ratio = one / other
    return Line(
        work, f"{one:.2f} s / {other:.2f} s = {ratio:.2f}", f"within {SAME_WITHIN:.0%}", ratio <= 1 + SAME_WITHIN
    )


def main() -> bool:
    """Measure and print; returns whether no bar was missed."""
    with warehouse() as (scratch, _):
        passed = show("Warehouse: real days against plain DuckDB, medians", against_duckdb(scratch))
    with warehouse() as (scratch, _):
        return show("Warehouse: a day costs the same, medians", another_day(scratch)) and passed


if __name__ == "__main__":
    raise SystemExit(not main())
