"""Whatever sequence of changes and loads came before: a load leaves what loading everything anew would."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from journey.bigquery import Warehouse
from journey.settings import Settings
from load.backend import load_orders
from load.tables import ORDER_ITEMS, ORDERS
from tests.load.shop import NOON, Shop, open_shop, raw_rows

ORDER_IDS = st.integers(1, 6)
# behind the watermark, within the lookback, ahead of it
MOMENTS = st.sampled_from([timedelta(days=-300), timedelta(minutes=-30), timedelta(0), timedelta(hours=5)])
Change = Callable[[Shop], object]


def put(order_id: int, lines: int, status: str, moment: timedelta) -> Change:
    return lambda shop: shop.order(order_id, lines, status=status, updated_at=NOON + moment)


def edit(order_id: int, status: str) -> Change:
    """A change that forgets updated_at."""
    return lambda shop: shop.run("update {schema}.orders set status = %s where order_id = %s", status, order_id)


def edit_lines(order_id: int, name: str) -> Change:
    return lambda shop: shop.run("update {schema}.order_items set item_name = %s where order_id = %s", name, order_id)


def delete(order_id: int) -> Change:
    return lambda shop: [
        shop.run(f"delete from {{schema}}.{table} where order_id = %s", order_id) for table in ("orders", "order_items")
    ]


def delete_lines(order_id: int) -> Change:
    return lambda shop: shop.run("delete from {schema}.order_items where order_id = %s", order_id)


def load(is_full: bool) -> Change:
    return lambda shop: load_orders(shop.settings.model_copy(update={"full_reload": is_full}))


STATUSES = st.sampled_from(["paid", "shipped", "refunded", ""])
CHANGES = st.one_of(
    st.builds(put, ORDER_IDS, st.integers(0, 2), STATUSES, MOMENTS),
    st.builds(edit, ORDER_IDS, STATUSES),
    st.builds(edit_lines, ORDER_IDS, st.sampled_from(["Tee", 'Cap, "red"', ""])),
    st.builds(delete, ORDER_IDS),
    st.builds(delete_lines, ORDER_IDS),
)
# some changes, a load, some more: the load at the end is the one that is judged
SEQUENCES = st.lists(
    st.tuples(st.lists(CHANGES, min_size=1, max_size=8), st.builds(load, st.booleans())), min_size=1, max_size=2
)


@pytest.fixture(scope="module")
def shop(services: Settings) -> Iterator[Shop]:
    with open_shop(
        services.model_copy(update={"backend_schema": "shop_sequences", "dataset_prefix": "sequences_"})
    ) as opened:
        yield opened


# An example takes seconds, so there are few and none is made smaller; raw_backend keeps what the one before left.
@pytest.mark.slow
@given(SEQUENCES, st.lists(CHANGES, min_size=1, max_size=8))
@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_load_after_any_changes_is_a_full_reload(
    shop: Shop, before: list[tuple[list[Change], Change]], last: list[Change]
) -> None:
    shop.run("truncate {schema}.orders, {schema}.order_items")
    for changes, loads in before:
        for change in [*changes, loads]:
            change(shop)
    for change in last:
        change(shop)

    load_orders(shop.settings)
    merged = [raw_rows(Warehouse(shop.settings), table) for table in (ORDERS, ORDER_ITEMS)]
    load(is_full=True)(shop)
    reloaded = [raw_rows(Warehouse(shop.settings), table) for table in (ORDERS, ORDER_ITEMS)]

    assert merged == reloaded == [shop.rows("orders"), shop.rows("order_items")]
