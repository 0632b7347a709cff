"""What is true of the made-up days and their export does not say: whose each browser is, and what was not told.

It goes to raw_truth, which no model outside dbt's evaluation reads, and beside a folder DAYS of days into DAYS-truth.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path
from shutil import rmtree
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from journey.bigquery import TableSpec
from synth.raw_truth import column, optional, schema_of
from synth.storefront.attributes import pseudo_ids
from synth.storefront.baskets import baskets
from synth.storefront.draws import Flags
from synth.storefront.figures import CODE, EVENTS
from synth.storefront.params import order_of, session_ids
from synth.storefront.sessions import Events
from synth.storefront.visitors import LONG_ROBOT, Visits

PEOPLE = TableSpec(
    dataset="raw_truth",
    name="storefront_people",
    description="Grain: a browser on a UTC day on which it did something, told or not. Made by the generator.",
    schema=(
        column("export_day", "DATE", "UTC day."),
        column("user_pseudo_id", "STRING", "The browser."),
        column("person_id", "STRING", "Whose it is: the same for all browsers of one person."),
        column("is_robot", "BOOL", "A script, not a person."),
    ),
    cluster_by=("user_pseudo_id",),
)
UNRECORDED = TableSpec(
    dataset="raw_truth",
    name="storefront_unrecorded",
    description=(
        "Grain: events of one name and session that happened on a UTC day and are not, or not wholly, in the export."
    ),
    schema=(
        column("export_day", "DATE", "UTC day."),
        column("user_pseudo_id", "STRING", "The browser."),
        column("ga_session_id", "INT64", "The session's id."),
        column("event_name", "STRING", "What happened."),
        column("events", "INT64", "How many of them were not told."),
        column("first_at", "TIMESTAMP", "When the first of them happened."),
        column("reason", "STRING", "The scenario that hid them; no_id: told, but a purchase without its id."),
        optional("transaction_id", "STRING", "Of a purchase: the full id it would have told."),
        optional("value", "NUMERIC", "Of a purchase: its value, in the shop's currency."),
    ),
    cluster_by=("user_pseudo_id",),
)
SPECS = {"storefront_people": PEOPLE, "storefront_unrecorded": UNRECORDED}


def people_of(day: date, visits: Visits) -> pa.Table:
    """The browsers of a day and whose they are."""
    browsers, at = np.unique(visits.visitor, return_index=True)
    columns = [
        pa.array([day] * len(at), pa.date32()),
        pa.array(pseudo_ids(browsers), pa.string()),
        pa.array([f"{person:016x}" for person in visits.person[at].tolist()], pa.string()),
        pa.array(visits.depth[at] >= LONG_ROBOT),
    ]
    return pa.table(columns, schema=schema_of(PEOPLE))


def unrecorded_of(day: date, visits: Visits, events: Events, hidden: Flags, no_id: Flags, reason: str) -> pa.Table:
    """What a day's export does not hold; `hidden` are events that were not told, `no_id` purchases told without id."""
    at = np.flatnonzero(hidden | no_id)
    group = events.visit[at] * (2 * len(EVENTS)) + events.event[at] * 2 + hidden[at]
    _, first, count = np.unique(group, return_index=True, return_counts=True)
    at = at[first]
    orders = baskets(visits)
    order = order_of(events, orders)[at]
    bought = (events.event[at] == CODE["purchase"]) & (order >= 0)
    money = [None if not has else orders.value_cents[n].item() for has, n in zip(bought, order, strict=True)]
    ids = [None if not has else str(orders.id_number[n]) for has, n in zip(bought, order, strict=True)]
    visit = events.visit[at]
    columns = [
        pa.array([day] * len(at), pa.date32()),
        pa.array(pseudo_ids(visits.visitor[visit]), pa.string()),
        pa.array(session_ids(visits)[visit], pa.int64()),
        pa.array([EVENTS[code] for code in events.event[at].tolist()], pa.string()),
        pa.array(count, pa.int64()),
        pa.array(events.at_us[at], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
        pa.array([reason if is_hidden else "no_id" for is_hidden in hidden[at].tolist()], pa.string()),
        pa.array(ids, pa.string()),
        pa.array([None if c is None else c / 100 for c in money], pa.float64()).cast(pa.decimal128(38, 9)),
    ]
    return pa.table(columns, schema=schema_of(UNRECORDED))


class TruthFiles:
    """Writes the truth of day after day to a folder, one file a table."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.files = {name: (folder / f"{name}.parquet").open("wb") for name in SPECS}
        self.writers = {
            name: pq.ParquetWriter(file, schema_of(SPECS[name]), compression="zstd")
            for name, file in self.files.items()
        }

    def add(self, tables: Iterable[tuple[str, pa.Table]]) -> None:
        """Tables of a day by their names; each becomes a row group."""
        for name, table in tables:
            self.writers[name].write_table(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for name, file in self.files.items():
            try:
                self.writers[name].close()
            except OSError:  # the first error is the one to tell
                if kind is None:
                    raise
            finally:
                file.close()


def folder_of(out: Path) -> Path:
    """Where the truth of a folder of days lies: beside it, for whoever reads days reads every Parquet file below it."""
    return out.resolve().with_name(f"{out.resolve().name}-truth")


def part_folder(out: Path, part: int) -> Path:
    """Where one worker writes its days' truth."""
    return folder_of(out) / f".part-{part}"


def join_parts(out: Path, parts: int) -> None:
    """Put the truth of all workers together, in the order of the days: the same bytes for any number of workers."""
    with TruthFiles(folder_of(out)) as whole:
        for part in range(parts):
            for name in SPECS:
                with pq.ParquetFile(part_folder(out, part) / f"{name}.parquet") as file:
                    for group in range(file.num_row_groups):  # one a day
                        whole.add([(name, file.read_row_group(group))])


def drop_parts(out: Path, parts: int) -> None:
    """Remove what the workers wrote, and the folder where nothing else is in it."""
    for part in range(parts):
        rmtree(part_folder(out, part), ignore_errors=True)
    with suppress(OSError):
        folder_of(out).rmdir()
