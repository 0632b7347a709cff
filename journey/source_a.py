"""What fills source A of a local run, remembered in the state folder, so that a second run need not fill it again."""

import json
from pathlib import Path
from typing import Any

from journey.bigquery import NotFound, Warehouse, clear_errors
from journey.settings import Settings

# What is computed from source A. Filled with something else, their older rows would be of days that no longer exist.
DERIVED = ("raw_ga4", "raw_backend")


def folder_mark(days: Path) -> dict[str, Any]:
    """A folder of day files: its path, and name, size and time of change of each file."""
    files = sorted(days.glob("events_*.parquet"))
    marks = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    return {"kind": "folder", "folder": str(days.resolve()), "files": marks}


def simulated_mark(scale: float, seed: int, scenario: str | None = None) -> dict[str, Any]:
    """Made-up days: the same scale, seed and scenario give the same rows."""
    return {"kind": "simulated", "scale": scale, "seed": seed} | ({"scenario": scenario} if scenario else {})


def holds(state: Path, mark: dict[str, Any]) -> bool:
    """Whether source A was filled, to its end, with just this."""
    return remembered(state) == mark


def remembered(state: Path) -> dict[str, Any] | None:
    """What source A was filled with; None when it was not, or not to its end."""
    try:
        mark: dict[str, Any] = json.loads((state / "source.json").read_text())
        return mark
    except (OSError, ValueError):
        return None


def forget(state: Path) -> dict[str, Any] | None:
    """Before filling: a fill that is killed half-way must not pass for a whole one. Returns what was remembered."""
    mark = remembered(state)
    (state / "source.json").unlink(missing_ok=True)
    return mark


def drop_derived(settings: Settings) -> None:
    """After filling: drop what was computed from the old source."""
    client = Warehouse(settings).client
    for name in DERIVED:
        with clear_errors():
            client.delete_dataset(settings.dataset(name), delete_contents=True, not_found_ok=True)
    # what is true of made-up days came with them and is no older
    try:
        with clear_errors():
            tables = list(client.list_tables(settings.dataset("raw_truth")))
    except NotFound:
        return
    for table in tables:
        if not table.table_id.startswith("storefront_"):
            with clear_errors():
                client.delete_table(table, not_found_ok=True)


def remember(state: Path, mark: dict[str, Any]) -> None:
    """At the end: what source A holds from now on."""
    (state / "source.json").write_text(json.dumps(mark))
