"""Each set of days: load it once, put a shop a seed beside it, hold the worst of what was found against the bars."""

import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluation.bars import BARS, COST, Verdict, judge
from evaluation.days import simulate
from evaluation.figures import run_seed
from evaluation.pipeline import Pipeline, log
from evaluation.report import show
from journey import services
from journey.errors import BadInput
from journey.settings import Settings
from synth.day_files import read_folder

AS_OF = "2021-06-30"  # long after the days: nothing is awaited any more
LARGEST_SCALE = 1


def judge_simulated_days(start: str, end: str, scale: float, seeds: int, cost_runs: int) -> list[Verdict]:
    """Judge on days made up at this scale.

    Raises: BadInput, when the days or the scale cannot be.
    """
    window = Settings.from_environment(start=start, end=end).window
    if window is None:
        raise BadInput("there are no simulated days to judge on: give --start and --end")
    if not 0 < scale <= LARGEST_SCALE:
        raise BadInput(f"scale is {scale}, which is not allowed: give a number above 0 and up to {LARGEST_SCALE}")
    with tempfile.TemporaryDirectory(prefix="journey-evaluation-") as folder:
        log(f"simulating {window} at scale {scale:g}")
        simulate(Path(folder) / "days", window, scale)
        return judge_days(Path(folder) / "days", f"simulated days {window}, scale {scale:g}", seeds, cost_runs)


def judge_days(days: Path, title: str, seeds: int, cost_runs: int) -> list[Verdict]:
    """Judge on a folder of days, and print what was found.

    Raises: BadInput, when the folder holds no days, or what a stage raises.
    """
    files = read_folder(days)
    with _pipeline(start=files[0].day, end=files[-1].day) as pipeline:
        log(f"loading {len(files)} days")
        pipeline.fill(days)
        found = []
        for seed in range(1, seeds + 1):
            log(f"seed {seed} of {seeds}")
            found.append(run_seed(pipeline, seed))
        verdicts = judge(BARS, [one.figures for one in found])
        if cost_runs:
            log("measuring the cost")
            verdicts += judge([COST], [{COST.name: _cost(pipeline, cost_runs)}])
    show(title, verdicts, found)
    return verdicts


def _cost(pipeline: Pipeline, runs: int) -> float:
    """Seconds of all models over those of the core, medians of runs in turn: a busy minute falls on both."""
    taken: dict[tuple[str, ...], list[float]] = {(): [], ("--selector", "core"): []}
    for _ in range(runs):
        for select, seconds in taken.items():
            seconds.append(pipeline.dbt("run", *select))
    everything, core = (statistics.median(seconds) for seconds in taken.values())
    return everything / core


@contextmanager
def _pipeline(**window: object) -> Iterator[Pipeline]:
    """A pipeline on a fresh emulator and PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="journey-evaluation-", ignore_cleanup_errors=True) as folder:
        state, before = Path(folder) / "state", dict(os.environ)
        os.environ.update(services.up(state, "customer-journey").environment)
        try:
            settings = Settings.from_environment(
                ga4_source="ga4-evaluation.export", backend="synthetic", as_of=AS_OF, dataset_prefix="", **window
            )
            yield Pipeline(settings, Path(folder) / "dbt")
        finally:
            services.down(state)
            os.environ.clear()
            os.environ.update(before)
