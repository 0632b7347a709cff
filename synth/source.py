"""Fills source A in the emulator: a GA4 export, from a folder of day files or made up.

On Google, source A is somebody's export and is only read: there is nothing to fill.
"""

import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Literal

import pyarrow as pa

from journey.bigquery import RETRY, Warehouse, clear_errors
from journey.errors import BadInput
from journey.log import get_log
from journey.scenarios import ScenarioName
from journey.settings import SAMPLE_END, SAMPLE_START, Settings, Window
from synth.day_files import DayFile, copy_day, make_folder, read_folder, told, write_day

log = get_log("source")

DEFAULT_SCALE = 0.05
LARGEST_SCALE = 10


@dataclass(frozen=True)
class Filled:
    """What source A, or the folder, holds now: days, events, bytes of Parquet."""

    kind: Literal["folder", "simulated"]
    days: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class Making:
    """How days are made up: `scale` of the real shop's size (1.0: 40,000 events a day), from `seed`.

    `scenario` names something that goes wrong with tracking, from the middle day of the window on.
    """

    scale: float = DEFAULT_SCALE
    seed: int = 42
    scenario: str | None = None
    workers: int = 1  # processes; the days are the same for any number


def fill_source(settings: Settings, days: Path | None, making: Making, out: Path | None) -> Filled:
    """Fill the emulator's `settings.ga4_source`, or the folder `out`, with days of a GA4 export.

    `days` is a folder of events_YYYYMMDD.parquet; None has the window's days (or the sample's two months) made up as
    `making` says. The emulator's source then equals those days, others are dropped, and raw_truth.storefront_* say what
    is true of made-up days; in `out` files of other days stay as they are, and the folder beside it, named <out>-truth,
    holds those tables.

    Raises: BadInput, when Google is meant, or when a folder or file is not as it should be: then nothing has changed.
    TryAgain, when the emulator does not answer: run again, days are replaced whole.
    """
    if out is None and settings.emulator_host is None:
        raise BadInput(
            "source A is filled in the emulator only and BIGQUERY_EMULATOR_HOST is not set: "
            "start one with `journey up`, or write files with --out"
        )
    if not 0 < making.scale <= LARGEST_SCALE:
        raise BadInput(
            f"scale is {making.scale}, which is not allowed: "
            f"give a number above 0 and up to {LARGEST_SCALE}, 1 being the real shop's size"
        )
    if out is not None:
        make_folder(out)
        return _write(settings, days, making, out)
    if days is not None:
        filled = _load(settings, "folder", read_folder(days))
        _forget_truth(settings)  # nobody knows what is true of real days
        return filled
    with _temporary_folder() as folder:
        made = folder / "days"
        make_folder(made)
        _simulate(settings, making, made)
        filled = _load(settings, "simulated", read_folder(made))
        from synth.raw_truth import replace_tables
        from synth.storefront.truth import SPECS, folder_of

        replace_tables(Warehouse(settings), SPECS, {name: folder_of(made) / f"{name}.parquet" for name in SPECS})
        return filled


def _forget_truth(settings: Settings) -> None:
    from synth.storefront.truth import SPECS

    client = Warehouse(settings).client
    for spec in SPECS.values():
        with clear_errors():
            client.delete_table(spec.id(settings), not_found_ok=True, retry=RETRY)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="journey-source-")
    except OSError as error:
        raise BadInput(f"no temporary folder can be made: {error.strerror}; name one with TMPDIR") from None
    with folder as name:
        yield Path(name)


def _write(settings: Settings, days: Path | None, making: Making, out: Path) -> Filled:
    if days is None:
        return _simulate(settings, making, out)
    files = read_folder(days)
    if days.resolve() == out.resolve():
        raise BadInput(f"{out} is both the folder of days and the folder to write: give another with --out")
    return Filled("folder", len(files), sum(file.rows for file in files), sum(copy_day(out, file) for file in files))


def _simulate(settings: Settings, making: Making, out: Path) -> Filled:
    """Write the window's days, made up, as files, and what is true of them."""
    wanted = (settings.window or Window(SAMPLE_START, SAMPLE_END)).days()
    size = -(-len(wanted) // max(1, making.workers))
    parts = [wanted[at : at + size] for at in range(0, len(wanted), size)]
    since = wanted[len(wanted) // 2]
    started = [partial(make_days, part, making, since, out, n) for n, part in enumerate(parts)]
    from synth.storefront.truth import drop_parts, join_parts

    try:
        if len(parts) == 1:
            made = [started[0]()]
        else:
            with ProcessPoolExecutor(len(parts), mp_context=get_context("spawn")) as pool:
                made = [job.result() for job in [pool.submit(part) for part in started]]
        with told(out, "what is true of the days"):
            join_parts(out, len(parts))
    finally:
        drop_parts(out, len(parts))
    return Filled("simulated", len(wanted), sum(rows for rows, _ in made), sum(size for _, size in made))


def make_days(wanted: list[date], making: Making, since: date, out: Path, part: int) -> tuple[int, int]:
    """Make some consecutive days up and write them with their truth; returns events and bytes. One worker's share."""
    from synth import storefront  # numpy and its tables: only where days are made up
    from synth.storefront.scenarios import LATE_FOLDER, Scenario, until_late
    from synth.storefront.truth import TruthFiles, part_folder

    scenario = Scenario(ScenarioName(making.scenario), since) if making.scenario else None
    rows = size = 0
    with told(out, "what is true of the days"), TruthFiles(part_folder(out, part)) as truth:

        def tables(parts: Iterable[tuple[date, pa.Table, list[tuple[str, pa.Table]]]]) -> Iterator[pa.Table]:
            for _, table, facts in parts:
                truth.add(facts)
                yield table

        made = storefront.days_and_truth(wanted, making.scale, making.seed, scenario)
        for number, (day, parts) in enumerate(groupby(made, key=itemgetter(0)), start=1):
            of_day = tables(parts)
            if scenario and scenario.kind == ScenarioName.late_day and day == since:
                whole = list(of_day)
                make_folder(out / LATE_FOLDER)
                write_day(out / LATE_FOLDER, day, whole)
                of_day = (until_late(scenario, table) for table in whole)
            day_rows, day_size = write_day(out, day, of_day)
            rows, size = rows + day_rows, size + day_size
            if number % 10 == 0 or number == len(wanted):
                log(f"{number} of {len(wanted)} days made, {rows:,} events")
    return rows, size


def _load(settings: Settings, kind: Literal["folder", "simulated"], files: list[DayFile]) -> Filled:
    """Make the emulator's source equal to the files: one load job a day, then days that no file holds are dropped."""
    warehouse, source = Warehouse(settings), settings.ga4_source
    with clear_errors():
        warehouse.client.create_dataset(source, exists_ok=True, retry=RETRY)
    rows = 0
    for number, file in enumerate(files, start=1):
        rows += warehouse.load_parquet(file.path, f"{source}.events_{file.day:%Y%m%d}", list(file.schema))
        if number % 10 == 0 or number == len(files):
            log(f"{number} of {len(files)} days loaded, {rows:,} events")
    kept = {file.day for file in files}
    for day, table in warehouse.export_days(source).items():
        if day not in kept:
            with clear_errors():
                warehouse.client.delete_table(table, not_found_ok=True, retry=RETRY)
    return Filled(kind, len(files), rows, sum(file.bytes for file in files))
