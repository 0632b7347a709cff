"""The dialect gate over the whole pipeline: every SQL that the stages send, and every SQL that the code holds."""

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from journey.bigquery import Warehouse
from journey.ga4_export import RAW_EVENTS
from journey.postgres import connect
from journey.settings import Settings
from tests.dialect import Dialect
from tests.pipeline import dbt, load, load_and_build
from tests.real_days import CHECKOUT
from tests.sent_sql import Sent, one_line, postgres_log, replay, texts_in_code

# The emulator's own process asks its own DuckDB.
OF_NEITHER = ("journey/emulator_patches.py",)


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


@dataclass(frozen=True)
class Everything:
    """What was sent while every stage did everything that it can do."""

    to_bigquery: list[Sent]
    refused: list[str]
    to_postgres: list[str]
    target: Path


@pytest.fixture(scope="module")
def everything(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """A first run, then a second one over changed orders and a changed export; tests, freshness, report."""
    from report.page import write_report
    from synth.backend import synth
    from synth.source import Making, fill_source

    settings = services.model_copy(
        update={
            "dataset_prefix": "sent_",
            "backend_schema": "shop_sent",
            "ga4_source": "ga4-sent.export",
            "start": date(2020, 11, 19),
            "end": date(2020, 11, 23),
        }
    )
    folder, since = tmp_path_factory.mktemp("sent"), datetime.now(UTC)
    warehouse = Warehouse(settings)
    with postgres_log() as to_postgres:
        fill_source(settings, None, Making(0.03, 7), None)
        load_and_build(settings, folder / "run")
        dbt(settings, "test", target=folder / "test")  # before the shop changes: then it is no longer the answer key's
        change_shop(settings)
        change_export(warehouse)
        load(settings)
        load(settings.model_copy(update={"full_reload": True, "start": None, "end": None}))
        # a second run sends other SQL for incremental models only
        dbt(settings, "run", "--select", "config.materialized:incremental", target=folder / "run again")
        dbt(settings, "source", "freshness", target=folder / "freshness")
        synth(settings)  # the second time it looks at what is loaded, too
        write_report(settings, folder / "report.html")
    dialect = Dialect(settings.project)
    for dataset in (settings.ga4_source, *(settings.dataset(name) for name in ("raw_ga4", "raw_backend", "raw_truth"))):
        for table in warehouse.client.list_tables(dataset):
            path = f"{table.project}.{table.dataset_id}.{table.table_id}"
            dialect.add_table(path, warehouse.client.get_table(path).schema)
    sent, refused = replay(warehouse.client, since, dialect)
    return Everything(sent, refused, to_postgres, folder)


def change_shop(settings: Settings) -> None:
    """An order changed with a newer updated_at and one without, and one gone with its items."""
    with closing(connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(f"set search_path = {settings.backend_schema}")
        cursor.execute("select order_id from orders order by order_id limit 3")
        newer, older, gone = (row[0] for row in cursor.fetchall())
        cursor.execute("update orders set status = 'shipped', updated_at = now() where order_id = %s", (newer,))
        cursor.execute("update orders set payment_method = 'ideal' where order_id = %s", (older,))
        cursor.execute("delete from order_items where order_id = %s", (gone,))
        cursor.execute("delete from orders where order_id = %s", (gone,))


def change_export(warehouse: Warehouse) -> None:
    """One day's columns drift as live exports do, one day is gone."""
    source = warehouse.settings.ga4_source
    warehouse.execute(
        f"""
        create or replace table `{source}.events_20201120` as
        select * except (platform) replace (cast(stream_id as string) as stream_id), true as is_active_user
        from `{source}.events_20201120`
        """
    )
    warehouse.execute(f"drop table `{source}.events_20201121`")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_sql_that_was_sent_is_googlesql(everything: Everything) -> None:
    assert not everything.refused, "\n\n".join(everything.refused)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_sql_in_the_code_was_sent_to_bigquery_or_to_postgresql(everything: Everything) -> None:
    sent = [*(job.sql for job in everything.to_bigquery), *everything.to_postgres]
    texts = list(texts_in_code(CHECKOUT, ["journey", "synth", "load", "report", "workflows"]))
    assert texts
    assert [t.place for t in texts if not t.was_sent(sent) and not t.place.startswith(OF_NEITHER)] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_model_and_test_of_dbt_was_sent(everything: Everything) -> None:
    sent = [one_line(job.sql) for job in everything.to_bigquery]
    manifest = json.loads((everything.target / "test" / "manifest.json").read_text())
    compiled = [json.loads((everything.target / run / "manifest.json").read_text())["nodes"] for run in ("run", "test")]
    nodes = {name: node for nodes in compiled for name, node in nodes.items() if node.get("compiled_code")}
    # a hook is no node with SQL of its own: dbt compiles what it sends when it sends it
    assert nodes.keys() == {name for name in manifest["nodes"] if not name.startswith("operation.")}
    unsent = [
        name
        for name, node in nodes.items()
        if node["config"]["materialized"] != "ephemeral"
        and not any(one_line(node["compiled_code"]).strip() in sql for sql in sent)
    ]
    assert unsent == []
