"""Either side lost in the middle, or the load itself killed: raw_backend keeps what it held, the next try brings it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from journey import services
from journey.bigquery import Warehouse
from journey.errors import TryAgain
from journey.postgres import connect
from journey.settings import Settings
from load.backend import load_orders
from load.tables import ORDER_ITEMS, ORDERS, BackendTable
from tests.load.shop import Shop, open_shop, whole_table

# Its first rows fill pipe and blocks, then it trickles: there is a middle to be cut in.
ENDLESS_LINES = """
alter table {schema}.order_items rename to lines;
create view {schema}.order_items as
select
    i as order_id, 1 as line_number, 'GGOEGAAX0037' as item_id,
    case when i > 50000 and pg_sleep(0.01) is null then '' else 'Google Tee' end as item_name,
    null as item_category, 1 as quantity, 10::numeric as unit_price, 10::numeric as line_total, now() as updated_at
from generate_series(1, 50500) as i
"""
USUAL_LINES = "drop view {schema}.order_items; alter table {schema}.lines rename to order_items"
# PostgreSQL shows the first kilobyte of a statement
COPY_OF_LINES = "from pg_stat_activity where state = 'active' and query like 'copy%line_number%'"


@contextmanager
def once(happens: Callable[[], bool], act: Callable[[], None]) -> Iterator[None]:
    """During the block, do something as soon as something else is the case; fails when it never was."""
    done = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if happens():
                act()
                done.set()
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    watcher.join()
    assert done.is_set()


def held(warehouse: Warehouse) -> list[list[dict[str, Any]]]:
    return [whole_table(warehouse, table) for table in (ORDERS, ORDER_ITEMS)]


def figures(warehouse: Warehouse, table: BackendTable, money: str) -> dict[str, Any]:
    raw = table.raw.id(warehouse.settings)
    return warehouse.rows(f"select count(*) as n, sum({money}) as money from `{raw}` where deleted_at is null")[0]


def assert_same_figures(warehouse: Warehouse, shop: Shop) -> None:
    for table, money in ((ORDERS, "total"), (ORDER_ITEMS, "line_total")):
        (wanted,) = shop.run(f"select count(*) as n, sum({money}) as money from {{schema}}.{table.name}")
        assert figures(warehouse, table, money) == wanted


def test_a_connection_that_postgresql_ends_in_mid_copy_is_tried_again_later(
    settings: Settings, warehouse: Warehouse
) -> None:
    with open_shop(settings) as shop, open_second(settings) as second:
        shop.order(1)
        load_orders(settings)
        before = held(warehouse)
        shop.order(2)
        shop.run(ENDLESS_LINES)
        with (
            once(
                lambda: bool(second.run(f"select pid {COPY_OF_LINES}")),
                lambda: void(second.run(f"select pg_terminate_backend(pid) {COPY_OF_LINES}")),
            ),
            pytest.raises(TryAgain, match=r"PostgreSQL was lost while .*order_items was read: .*; try again"),
        ):
            load_orders(settings)
        assert held(warehouse) == before
        shop.run(USUAL_LINES)
        load_orders(settings)
        assert_same_figures(warehouse, shop)


@contextmanager
def open_second(settings: Settings) -> Iterator[Shop]:
    """A second connection to the shop of these settings."""
    with closing(connect()) as connection:
        yield Shop(settings, connection)


def void(_: object) -> None:
    return


def test_postgresql_killed_in_mid_copy_leaves_raw_as_it_was(mortal: tuple[Settings, Path]) -> None:
    settings, state = mortal
    warehouse = Warehouse(settings)
    postmaster = psutil.Process(int((state / "postgres" / "postmaster.pid").read_text().split()[0]))

    def kill() -> None:
        for process in [postmaster, *postmaster.children()]:
            with suppress(psutil.NoSuchProcess):  # a child that saw its parent die ends by itself
                process.kill()

    with open_shop(settings) as shop, open_second(settings) as second:
        shop.order(1)
        load_orders(settings)
        before = held(warehouse)
        shop.order(2)
        shop.run(ENDLESS_LINES)
        with once(lambda: bool(second.run(f"select pid {COPY_OF_LINES}")), kill), pytest.raises(TryAgain) as lost:
            load_orders(settings)
    assert lost.value.exit_code == 75
    assert held(warehouse) == before
    services.down(state)
    os.environ.update(services.up(state, settings.project).environment)
    warehouse = Warehouse(Settings.from_environment())
    with open_second(settings) as shop:
        shop.run(USUAL_LINES)
        load_orders(warehouse.settings)
        assert_same_figures(warehouse, shop)


MANY_ORDERS = """
insert into {schema}.orders
select
    i, 1, 'M' || i, 'paid', 'card', 'USD', 1, 10, 0, 0, 0.83, 10.83, 0, false, now(), now()
from generate_series(1000, 250000) as i
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["load", "query"])
def test_the_emulator_killed_in_mid_load_leaves_raw_as_it_was(mortal: tuple[Settings, Path], kind: str) -> None:
    settings, state = mortal
    warehouse = Warehouse(settings)
    emulator = services.status(state)[services.BIGQUERY].pid

    def is_loading() -> bool:
        jobs = [job for job in warehouse.client.list_jobs(max_results=3) if job.state == "RUNNING"]
        return any(job.job_type == kind and (kind == "load" or "merge into" in job.query) for job in jobs)

    with open_shop(settings) as shop:
        shop.order(1)
        load_orders(settings)
        before = held(warehouse)
        shop.run(MANY_ORDERS)
        shop.order(2)
        with once(is_loading, lambda: os.kill(emulator, signal.SIGKILL)), pytest.raises(TryAgain):
            load_orders(settings)
        os.environ.update(services.up(state, settings.project).environment)
        warehouse = Warehouse(Settings.from_environment())
        assert held(warehouse) == before
        load_orders(warehouse.settings)
        assert_same_figures(warehouse, shop)


def test_a_load_killed_half_way_and_tried_again_is_as_if_never_killed(settings: Settings, warehouse: Warehouse) -> None:
    dataset = settings.dataset("raw_backend")

    def tables() -> set[str]:
        return {table.table_id for table in warehouse.client.list_tables(dataset)}

    with open_shop(settings) as shop:
        shop.order(1)
        load_orders(settings)
        before = held(warehouse)
        shop.run(MANY_ORDERS)
        shop.order(2)
        process = subprocess.Popen(
            [Path(sys.executable).with_name("journey"), "load", "orders"],
            env={**os.environ, **settings.environment()},
            stderr=subprocess.DEVNULL,
        )
        with once(lambda: any("staging" in name for name in tables()), process.kill):
            assert process.wait() == -signal.SIGKILL
        assert held(warehouse) == before
        load_orders(settings)
        assert_same_figures(warehouse, shop)
    assert tables() == {"orders", "order_items"}
