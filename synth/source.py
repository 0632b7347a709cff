"""Fills source A in the emulator: a GA4 export, from a folder of day files or made up.

On Google, source A is somebody's export and is only read: there is nothing to fill.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from journey.bigquery import RETRY, Warehouse, clear_errors
from journey.errors import BadInput
from journey.log import get_log
from journey.settings import SAMPLE_END, SAMPLE_START, Settings, Window
from synth.day_files import DayFile, copy_day, make_folder, read_folder, write_day

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


def fill_source(settings: Settings, days: Path | None, scale: float, seed: int, out: Path | None) -> Filled:
    """Fill the emulator's `settings.ga4_source`, or the folder `out`, with days of a GA4 export.

    `days` is a folder of events_YYYYMMDD.parquet; None has the window's days (or the sample's two months) made up, at
    `scale` of the real shop's size (1.0: 40,000 events a day), from `seed`. The emulator's source then equals those
    days, others are dropped; in `out` files of other days stay as they are.

    Raises: BadInput, when Google is meant, or when a folder or file is not as it should be: then nothing has changed.
    TryAgain, when the emulator does not answer: run again, days are replaced whole.
    """
    if out is None and settings.emulator_host is None:
        raise BadInput(
            "source A is filled in the emulator only and BIGQUERY_EMULATOR_HOST is not set: "
            "start one with `journey up`, or write files with --out"
        )
    if not 0 < scale <= LARGEST_SCALE:
        raise BadInput(
            f"scale is {scale}, which is not allowed: "
            f"give a number above 0 and up to {LARGEST_SCALE}, 1 being the real shop's size"
        )
    if out is not None:
        make_folder(out)
        return _write(settings, days, scale, seed, out)
    if days is not None:
        return _load(settings, "folder", read_folder(days))
    with _temporary_folder() as folder:
        _simulate(settings, scale, seed, folder)
        return _load(settings, "simulated", read_folder(folder))


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="journey-source-")
    except OSError as error:
        raise BadInput(f"no temporary folder can be made: {error.strerror}; name one with TMPDIR") from None
    with folder as name:
        yield Path(name)


def _write(settings: Settings, days: Path | None, scale: float, seed: int, out: Path) -> Filled:
    if days is None:
        return _simulate(settings, scale, seed, out)
    files = read_folder(days)
    if days.resolve() == out.resolve():
        raise BadInput(f"{out} is both the folder of days and the folder to write: give another with --out")
    return Filled("folder", len(files), sum(file.rows for file in files), sum(copy_day(out, file) for file in files))


def _simulate(settings: Settings, scale: float, seed: int, out: Path) -> Filled:
    """Write the window's days, made up, as files."""
    from synth import storefront  # numpy and its tables: only where days are made up

    wanted = (settings.window or Window(SAMPLE_START, SAMPLE_END)).days()
    rows = size = 0
    for number, (day, table) in enumerate(storefront.days(wanted, scale, seed), start=1):
        size += write_day(out, day, table)
        rows += table.num_rows
        if number % 10 == 0 or number == len(wanted):
            log(f"{number} of {len(wanted)} days made, {rows:,} events")
    return Filled("simulated", len(wanted), rows, size)


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
