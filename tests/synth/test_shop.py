"""The shop in PostgreSQL: replaced whole or not at all, and never somebody else's."""

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pyarrow as pa
import pytest

from journey import services as local_services
from journey.errors import BadInput, TryAgain
from journey.postgres import connect
from journey.settings import Settings
from synth import shop as shop_module
from synth.shop import MARK, TABLES, replace_shop
from tests.real_days import CHECKOUT
from tests.synth.shops import execute, held, scalar, shop, wanted


@pytest.fixture
def schema(settings: Settings) -> str:
    """The test's own schema, not there yet."""
    return settings.backend_schema


def replace(schema: str, rows: Mapping[str, Iterable[pa.RecordBatch]]) -> dict[str, int]:
    with closing(connect()) as target:
        return replace_shop(target, schema, rows)


def test_postgresql_holds_the_rows_and_the_run_says_how_many(schema: str) -> None:
    rows = shop()
    assert replace(schema, rows) == {name: sum(map(len, rows[name])) for name in TABLES}
    assert held(schema) == wanted(rows)


def test_a_second_run_leaves_the_same_and_another_seed_replaces_all(schema: str) -> None:
    replace(schema, shop())
    first = held(schema)
    replace(schema, shop())
    assert held(schema) == first
    replace(schema, other := shop(orders=50, seed=7))
    assert held(schema) == wanted(other)


def test_the_schema_has_keys_checks_and_a_comment_on_everything(schema: str) -> None:
    replace(schema, shop())
    keys = f"select count(*) from pg_constraint where connamespace = '{schema}'::regnamespace and contype = "
    assert scalar(f"{keys} 'p'") == 3
    assert scalar(f"{keys} 'f'") == 2
    assert scalar(f"{keys} 'u'") == 2
    assert scalar(f"{keys} 'c'") >= 10
    for name in TABLES:
        table = f"'{schema}.{name}'::regclass"
        assert scalar(f"select obj_description({table}, 'pg_class')").startswith(MARK)
        without = f"select count(*) from pg_attribute where attrelid = {table} and attnum > 0"
        without += f" and col_description({table}, attnum) is null"
        assert scalar(without) == 0, name


@pytest.mark.parametrize(
    "change",
    [
        "update {}.orders set total = total + 1",
        "update {}.orders set refunded = total + 1",
        "update {}.orders set status = 'lost'",
        "update {}.orders set user_id = 1",
        "update {}.orders set transaction_id = '1'",
        "update {}.order_items set quantity = 0",
        "update {}.users set email = 'ada@example.com'",
        "delete from {}.users",
    ],
)
def test_the_schema_refuses_rows_that_cannot_be(schema: str, change: str) -> None:
    replace(schema, shop())
    with pytest.raises(psycopg2.IntegrityError):
        execute(change.format(schema))


def test_a_real_shop_is_not_touched(schema: str) -> None:
    execute(f"create schema {schema}; create table {schema}.orders as select 1 as order_id")
    with pytest.raises(
        BadInput, match=rf"schema {schema} holds things that journey synth did not make.*JOURNEY_BACKEND=existing"
    ):
        replace(schema, shop())
    assert scalar(f"select order_id from {schema}.orders") == 1
    assert scalar(f"select obj_description('{schema}'::regnamespace)") is None


def test_a_schema_with_a_comment_of_its_own_is_not_touched(schema: str) -> None:
    execute(
        f"create schema {schema}; comment on schema {schema} is 'our shop'; create view {schema}.v as select 1 as one"
    )
    with pytest.raises(BadInput, match="did not make"):
        replace(schema, shop())
    assert scalar(f"select one from {schema}.v") == 1


def test_a_real_table_put_into_a_made_up_schema_is_not_touched(schema: str) -> None:
    replace(schema, shop())
    execute(f"drop table {schema}.order_items; create table {schema}.order_items as select 5 as line_number")
    with pytest.raises(BadInput, match="holds a table order_items that journey synth did not make"):
        replace(schema, shop())
    assert scalar(f"select line_number from {schema}.order_items") == 5


def test_tables_of_other_names_stay_as_they_are(schema: str) -> None:
    replace(schema, shop())
    execute(f"create table {schema}.coupons as select 'SPRING' as code")
    replace(schema, shop(seed=7))
    assert scalar(f"select code from {schema}.coupons") == "SPRING"


def test_what_hangs_on_the_made_up_tables_stops_the_run(schema: str) -> None:
    replace(schema, rows := shop())
    execute(f"create view {schema}.big_orders as select * from {schema}.orders where total > 100")
    with pytest.raises(BadInput, match=r"something of yours hangs on it \(view .*big_orders"):
        replace(schema, shop(seed=7))
    assert held(schema) == wanted(rows)


def test_an_empty_schema_is_taken(schema: str) -> None:
    execute(f"create schema {schema}")
    replace(schema, rows := shop())
    assert held(schema) == wanted(rows)


def test_a_schema_name_that_sql_reads_otherwise_is_one_schema(schema: str) -> None:
    name = f"{schema}_select"
    execute(f'create schema "{name.upper()}"; create table "{name.upper()}".orders as select 1 as order_id')
    replace(name, rows := shop())
    assert held(name) == wanted(rows)


def test_a_role_without_the_right_is_told_what_to_grant(schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    execute(f"create role {schema}_reader login")
    monkeypatch.setenv("PGUSER", f"{schema}_reader")
    with pytest.raises(BadInput, match=r"does not let this role make the schema .* grant it create on the database"):
        replace(schema, shop())


def test_tables_that_someone_locks_are_tried_again_later(schema: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replace(schema, rows := shop())
    monkeypatch.setattr(shop_module, "LOCK_SECONDS", 1)
    with closing(connect()) as reader, reader.cursor() as cursor:
        cursor.execute(f"select count(*) from {schema}.orders")
        with pytest.raises(TryAgain, match="someone holds the tables"):
            replace(schema, shop(seed=7))
    assert held(schema) == wanted(rows)


def test_rows_that_fail_half_way_leave_the_shop_of_before(schema: str) -> None:
    replace(schema, rows := shop())
    broken = shop(seed=7)
    broken["order_items"] = [broken["order_items"][0], broken["order_items"][0]]  # a key twice
    with pytest.raises(BadInput, match=r"break a rule of the shop \(.*order_items_pkey.*another JOURNEY_SEED"):
        replace(schema, broken)
    assert held(schema) == wanted(rows)


def test_a_server_killed_in_mid_copy_keeps_the_shop_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"
    try:
        start(state, monkeypatch)
        replace("shop", rows := shop())

        def rows_and_a_kill() -> Iterator[pa.RecordBatch]:
            batches = shop(orders=3000, seed=7)["orders"]
            yield from batches[:5]
            kill_server(state)
            while True:
                yield from batches

        with pytest.raises(TryAgain, match=r"went away while the shop was written .* the shop of before is kept"):
            replace("shop", shop(orders=3000, seed=7) | {"orders": rows_and_a_kill()})
        with pytest.raises(TryAgain, match="does not answer"):
            connect()
        start(state, monkeypatch)
        assert held("shop") == wanted(rows)
        replace("shop", other := shop(seed=7))
        assert held("shop") == wanted(other)
    finally:
        local_services.down(state)


def start(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PostgreSQL of the test's own, or the same again after a kill."""
    for name, value in local_services.up(state, "customer-journey", (local_services.POSTGRES,)).environment.items():
        monkeypatch.setenv(name, value)


def kill_server(state: Path) -> None:
    """End the server, its sessions and its keeper as a power cut would."""
    keeper = psutil.Process(local_services.status(state)[local_services.POSTGRES].pid)
    server = psutil.Process(int((state / "postgres" / "postmaster.pid").read_text().split()[0]))
    for process in (keeper, server, *server.children()):
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs([keeper, server], timeout=20)


KILLED = """
import sys
from itertools import repeat
from journey.postgres import connect
from synth.shop import replace_shop
from tests.real_days import CHECKOUT
from tests.synth.shops import shop
rows = shop(orders=300, seed=7)
def endless():
    yield from rows["orders"]
    print("copying", flush=True)
    yield from repeat(rows["orders"][0])
replace_shop(connect(), sys.argv[1], rows | {"orders": endless()})
"""


def test_a_run_killed_in_mid_copy_leaves_the_shop_of_before(schema: str) -> None:
    replace(schema, rows := shop())
    with subprocess.Popen([sys.executable, "-c", KILLED, schema], stdout=subprocess.PIPE, cwd=CHECKOUT) as run:
        assert run.stdout
        assert run.stdout.readline() == b"copying\n"
        run.kill()
    assert held(schema) == wanted(rows)
    replace(schema, other := shop(seed=7))
    assert held(schema) == wanted(other)
