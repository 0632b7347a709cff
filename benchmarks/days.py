"""Folders of GA4 export days to measure with: the real ones, moved in time, or cut down. Written for a run, never kept.

python -m benchmarks.days    # which days would be used
"""

from datetime import date, timedelta
from pathlib import Path

import duckdb

from tests.real_days import default_folder

# Far enough that moved days never meet the real ones or one another: the sample is 92 days long.
SHIFT = timedelta(days=100)


def real_files() -> list[Path]:
    """The real day files in order of their day.

    Raises: SystemExit, when there are none.
    """
    files = sorted(default_folder().glob("events_*.parquet"))
    if not files:
        raise SystemExit(f"{default_folder()} holds no events_YYYYMMDD.parquet: JOURNEY_REAL_DAYS names another folder")
    return files


def day_of(file: Path) -> date:
    """The day of an events_YYYYMMDD.parquet."""
    return date.fromisoformat(file.stem.removeprefix("events_"))


def link(files: list[Path], folder: Path) -> Path:
    """A folder of links to these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).symlink_to(file.resolve())
    return folder


def moved(file: Path, folder: Path, times: int) -> Path:
    """The same day `times` shifts later, with other users and other transactions, so that it counts as new."""
    later = times * SHIFT
    target = folder / f"events_{day_of(file) + later:%Y%m%d}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    micros = later // timedelta(microseconds=1)
    duckdb.sql(
        f"""
        copy (
            select * replace (
                '{day_of(file) + later:%Y%m%d}' as event_date,
                event_timestamp + {micros} as event_timestamp,
                user_first_touch_timestamp + {micros} as user_first_touch_timestamp,
                user_pseudo_id || '{times}' as user_pseudo_id
            )
            from read_parquet('{file}')
        ) to '{target}' (format parquet, compression snappy)
        """
    )
    return target


def cut(file: Path, folder: Path, rows: int) -> Path:
    """A day of only a few events: what is left of a stage's time is its start."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    duckdb.sql(
        f"""
        copy (
            select * from read_parquet('{file}')
            where user_pseudo_id in (
                select user_pseudo_id from read_parquet('{file}') where event_name = 'purchase' order by 1 limit 1
            )
            limit {rows}
        ) to '{target}' (format parquet, compression snappy)
        """
    )
    return target


if __name__ == "__main__":
    for file in real_files():
        print(file)
