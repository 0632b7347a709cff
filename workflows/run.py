"""The whole DAG on this machine: services, source A, the tasks, the summary.

The state folder holds `bigquery/ postgres/ logs/ outputs/ services.json source.json run.json report.html`.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey import services, source_a
from journey.errors import BadInput
from journey.log import get_log
from journey.settings import SAMPLE_END, SAMPLE_START, Settings, variable_of
from synth.source import DEFAULT_SCALE, Making, fill_source
from workflows.local import run as run_locally
from workflows.pipeline import SETTINGS, template
from workflows.summary import Progress, close

KEPT = ("bigquery", "postgres", "logs", "outputs", "services.json", "source.json", "run.json", "report.html")
log = get_log("source")


@dataclass(frozen=True)
class Source:
    """How source A is to be filled; a folder of days, or made up at a scale; neither: whatever it holds."""

    days: Path | None = None
    scale: float | None = None
    seed: int | None = None
    scenario: str | None = None
    workers: int = 1

    def mark(self, settings: Settings) -> dict[str, Any]:
        """What the state folder remembers once it is filled."""
        if self.days:
            return source_a.folder_mark(self.days)
        return source_a.simulated_mark(self.size, settings.seed, self.scenario)

    @property
    def size(self) -> float:
        """The scale of a made-up source; 0 is somebody's mistake, not the default."""
        return DEFAULT_SCALE if self.scale is None else self.scale

    @property
    def is_any(self) -> bool:
        """Nothing particular was asked for."""
        return self.days is None and self.scale is None and self.seed is None and self.scenario is None


def run(state: Path, settings: Settings, source: Source, is_google: bool, is_fresh: bool) -> int:
    """Run everything; returns the exit code: 0, that of the task that failed, or 130 after Ctrl-C.

    Raises: BadInput, TryAgain.
    """
    state = state.absolute()
    if settings.backend == "existing" and "PGHOST" not in os.environ:
        raise BadInput(
            "BACKEND is existing and PGHOST is not set: name the shop's PostgreSQL with PGHOST, PGUSER and so on"
        )
    with services.hold(state):
        if is_fresh:
            wipe(state)
        names = needed(settings, is_google)
        started = services.up(state, settings.project, names) if names else services.Started()
        os.environ.update(started.environment)
        settings = reached(settings)
        if not is_google:
            fill(state, settings, source)
        with Progress() as progress:
            result = run_locally(
                template,
                parameters=parameters(settings),
                environment=environment(),
                outputs=state / "outputs",
                logs=state / "logs",
                on_event=progress.tell,
            )
        report = keep_report(state)
        code = close(state, settings, result, report)
        if result.succeeded:
            started.keep()
        return code


def needed(settings: Settings, is_google: bool) -> tuple[str, ...]:
    """The services that this run starts here: not those that it is pointed at."""
    names = [] if is_google else [services.BIGQUERY]
    return (*names, *([services.POSTGRES] if settings.backend == "synthetic" else []))


def reached(settings: Settings) -> Settings:
    """The same settings with the addresses that the environment now names."""
    hosts = {name: os.environ.get(variable_of(name)) for name in ("emulator_host", "storage_host")}
    return settings.model_copy(update=hosts)


def fill(state: Path, settings: Settings, source: Source) -> None:
    """Fill source A, unless it holds what is asked for already."""
    if source.days and not source.days.is_dir():
        raise BadInput(f"there is no folder {source.days}: give --days a folder of events_YYYYMMDD.parquet")
    mark = source.mark(settings)
    if source_a.holds(state, mark) or (source.is_any and source_a.remembered(state)):
        return
    if remembered := source_a.forget(state):
        log("source A changes: what was computed from the old one goes too")
    made_up = settings.model_copy(update={"start": SAMPLE_START, "end": SAMPLE_END})
    making = Making(source.size, settings.seed, source.scenario, source.workers)
    try:
        filled = fill_source(settings if source.days else made_up, source.days, making, None)
    except BadInput:  # nothing was changed then, so what was there still is
        if remembered:
            source_a.remember(state, remembered)
        raise
    source_a.drop_derived(settings)
    source_a.remember(state, mark)
    log(f"source A: {filled.days} days, {filled.rows:,} events ({filled.kind})")


def parameters(settings: Settings) -> dict[str, str]:
    """The workflow's parameters that are settings."""
    values = settings.environment()
    return {str(parameter.name): values[variable_of(str(parameter.name))] for parameter in SETTINGS}


def environment() -> dict[str, str]:
    """This process's environment with the commands of its own Python environment first on the PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**os.environ, "PATH": path}


def keep_report(state: Path) -> Path | None:
    """Copy the report of this run beside the state; None when the run made none."""
    made = state / "outputs" / "report" / "report.html"
    if not made.is_file():
        return None
    draft = state / "report.html.part"
    shutil.copyfile(made, draft)
    draft.replace(state / "report.html")
    return state / "report.html"


def wipe(state: Path) -> None:
    """Forget everything of earlier runs: their services and the files named above, nothing else in the folder."""
    services.down(state)
    for name in KEPT:
        path = state / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
