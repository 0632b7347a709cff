"""The dialect gate over the whole pipeline: every SQL that the stages send, and every SQL that the code holds."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from journey.bigquery import Warehouse
from journey.ga4_export import RAW_EVENTS
from tests.dialect import Dialect
from tests.sent_sql import replay, texts_in_code


@pytest.fixture
def since() -> datetime:
    """Before the test's first job."""
    return datetime.now(UTC)


def test_what_the_emulator_takes_and_bigquery_would_not_is_found_among_the_jobs(
    warehouse: Warehouse, since: datetime
) -> None:
    warehouse.rows("select 1 as one")
    warehouse.rows("select min_by(x, x) as one from unnest([1, 2]) as x")
    sent, refused = replay(warehouse.client, since, Dialect(warehouse.settings.project))
    assert [job.sql for job in sent] == ["select 1 as one", "select min_by(x, x) as one from unnest([1, 2]) as x"]
    assert len(refused) == 1
    assert refused[0].startswith("Function not found: min_by")


def test_jobs_are_judged_with_their_parameters_and_with_the_tables_that_jobs_and_calls_made(
    warehouse: Warehouse, since: datetime
) -> None:
    settings = warehouse.settings
    warehouse.ensure_table(RAW_EVENTS)
    events, days = RAW_EVENTS.id(settings), settings.dataset("raw_ga4") + ".days"
    warehouse.execute(f"create table `{days}` as select event_day, count(*) as n from `{events}` group by event_day")
    warehouse.rows(f"select n + 1 as n from `{days}` where event_day in unnest(@days)", days=[date(2020, 11, 1)])
    dialect = Dialect(settings.project)
    dialect.add_table(events, RAW_EVENTS.schema)
    assert replay(warehouse.client, since, dialect)[1] == []


def test_a_sql_text_in_the_code_that_was_never_sent_is_named(tmp_path: Path) -> None:
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "days.py").write_text(
        '''"""Select from the docstring is prose."""

DAYS = """
select day
from `{marts}.days`
"""

def count(table: str, day: str) -> str:
    """Delete from the table: prose as well."""
    return f"select count(*) as n from `{table}` where day = '{day}'"

def forgotten(table: str) -> str:
    return f"delete from `{table}` where true"
'''
    )
    sent = [
        "select day\n  from `p.marts.days`",
        "/* why */ select count(*) as n from `p.x.y` where day = '2020-11-01' limit 1",
    ]
    texts = list(texts_in_code(tmp_path, ["stage"]))
    assert [text.place for text in texts] == ["stage/days.py:3", "stage/days.py:10", "stage/days.py:13"]
    assert [text.place for text in texts if not text.was_sent(sent)] == ["stage/days.py:13"]
