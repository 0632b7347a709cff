"""The traps of the real export, in two made-up months: what a pipeline that works on them has met."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from synth import storefront
from synth.storefront.table import plain
from tests.synth.storefront_rules import broken_rules, connection

DAYS = [date(2020, 11, 1) + timedelta(days=n) for n in range(61)]
SESSIONS = """
create temp table session as select user_pseudo_id, session_id,
  min(event_date) as first_day, max(event_date) as last_day,
  bool_or(event_name = 'session_start') as has_start, bool_or(event_name = 'first_visit') as is_first,
  bool_or(event_name = 'view_item') as viewed, bool_or(event_name = 'add_to_cart') as added,
  bool_or(event_name = 'begin_checkout') as began, bool_or(event_name = 'purchase') as bought, count(*) as events
from event group by all
"""


@pytest.fixture(scope="module")
def months() -> pa.Table:
    return pa.concat_tables(plain(table) for _, table in storefront.days(DAYS, 0.05, 42))


@pytest.fixture(scope="module")
def shop(months: pa.Table) -> Any:
    database = connection(months)
    database.execute(SESSIONS)
    return database


def one(shop: Any, sql: str) -> Any:
    row = shop.execute(sql).fetchone()
    return row[0] if len(row) == 1 else row


def test_every_rule_holds_over_two_months(months: pa.Table) -> None:
    assert not broken_rules(months)


def test_the_funnel_narrows_as_the_real_one_does(shop: Any) -> None:
    viewed, began, bought = one(shop, "select avg(viewed::int), avg(began::int), avg(bought::int) from session")
    assert 0.18 < viewed < 0.25
    assert 0.025 < began < 0.042
    assert 0.008 < bought < 0.017


def test_returning_sessions_buy_more_than_first_visits(shop: Any) -> None:
    share = "select avg(bought::int) from session where {}"
    first, later = (one(shop, share.format(kind)) for kind in ("is_first", "not is_first"))
    assert later > 2 * first


def test_visitors_come_back_on_later_days(shop: Any) -> None:
    days = "select count(distinct first_day) as days from session group by user_pseudo_id"
    share = one(shop, f"select avg((days > 1)::int) from ({days})")
    assert 0.05 < share < 0.2


def test_some_sessions_run_over_midnight_and_some_have_no_start(shop: Any) -> None:
    over, without = one(shop, "select avg((first_day <> last_day)::int), avg((not has_start)::int) from session")
    assert 0 < over < 0.01
    assert 0.005 < without < 0.04


def test_add_to_cart_is_out_while_checkouts_go_on(shop: Any) -> None:
    by_period = """
      select case when event_date < '20201116' then 'near zero' when event_date < '20201121' then 'weak'
          when event_date < '20201125' then 'out' else 'whole' end,
        count(*) filter (event_name = 'add_to_cart') / count(*) filter (event_name = 'begin_checkout')
      from event group by 1"""
    carts = dict(shop.execute(by_period).fetchall())
    assert carts["out"] == 0
    assert carts["near zero"] < 0.02 < carts["weak"] < carts["whole"]


def test_order_ids_are_numbers_until_11_november_and_text_from_then_on(shop: Any) -> None:
    numbers = """select min(event_date), max(event_date), count(*), count(*) filter (kept_id is null)
      from event where number_id is not null"""
    first, last, count, lost = one(shop, numbers)
    assert last <= "20201111"
    assert first < "20201104"
    assert 0 < lost < count
    assert one(shop, "select min(event_date) from event where text_id is not null") >= "20201111"


def test_some_purchases_have_no_id(shop: Any) -> None:
    share = one(shop, "select avg((full_id is null)::int) from event where event_name = 'purchase'")
    assert 0.005 < share < 0.08


def test_confirmation_pages_are_sent_again_mostly_from_18_to_23_november(shop: Any) -> None:
    repeats = """select count(*) - count(distinct full_id), count(*) from event where full_id is not null
      and event_date {} between '20201118' and '20201123'"""
    broken, of_broken = one(shop, repeats.format(""))
    other, of_other = one(shop, repeats.format("not"))
    assert broken / of_broken > 0.25
    assert other / of_other < 0.05


def test_sums_of_items_differ_from_the_revenue_in_some_orders(shop: Any) -> None:
    share = one(
        shop,
        """select avg((abs(revenue - list_sum([i.item_revenue for i in items])) > 0.005)::int) from event
           where full_id is not null""",
    )
    assert 0.1 < share < 0.28


def test_a_parameter_comes_as_text_and_as_a_number(shop: Any) -> None:
    kinds = shop.execute(
        """select distinct p.key, p.value.string_value is not null, p.value.int_value is not null,
             p.value.double_value is not null
           from (select unnest(event_params) p from export)
           where p.key in ('session_engaged', 'value', 'tax', 'transaction_id')"""
    ).fetchall()
    text, whole, broken = (True, False, False), (False, True, False), (False, False, True)
    assert set(kinds) == {
        *(("session_engaged", *kind) for kind in (text, whole)),
        *(("value", *kind) for kind in (whole, broken)),
        *(("tax", *kind) for kind in (whole, broken)),
        *(("transaction_id", *kind) for kind in (text, whole)),
    }


def test_a_third_of_the_events_say_where_the_session_came_from(shop: Any) -> None:
    share = one(shop, "select avg(len([p for p in event_params if p.key = 'medium'])) from event")
    assert 0.25 < share < 0.45
    never = """select count(*) from event where event_name in ('session_start', 'first_visit')
      and len([p for p in event_params if p.key in ('source', 'medium', 'campaign')]) > 0"""
    assert one(shop, never) == 0


def test_who_opens_one_page_mostly_looks_at_it_until_the_end(shop: Any) -> None:
    """In the sample the median is 0.99 of the time until then (ten days); uploads come up to five seconds late."""
    looked = """
      select sum(engagement_msec) * 1000.0 / (max(event_timestamp) - min(event_timestamp)) as share from event
      group by user_pseudo_id, session_id
      having count(*) filter (event_name = 'page_view') = 1 and count(*) filter (event_name = 'user_engagement') = 1
        and max(event_timestamp) filter (event_name = 'user_engagement') > min(event_timestamp)"""
    low, middle, high = one(shop, f"select quantile_cont(share, [0.25, 0.5, 0.75]) from ({looked})")
    assert low < 0.8
    assert 0.9 < middle <= 1
    assert 0.98 < high < 1.1


def test_the_placeholders_of_the_sample_are_there(shop: Any) -> None:
    assert one(shop, "select bool_or(device.mobile_brand_name = '<Other>') from event")
    assert one(shop, "select bool_or(traffic_source.source = '(data deleted)') from event")
    assert one(shop, "select bool_or(geo.city = '(not set)') from event")
    assert one(shop, "select bool_or(ecommerce.transaction_id = '(not set)') from event")


def test_a_third_of_successive_events_share_their_time(shop: Any) -> None:
    share = one(
        shop,
        """select avg((event_timestamp = earlier)::int) from (
             select event_timestamp, lag(event_timestamp) over (
               partition by user_pseudo_id, session_id order by event_timestamp) as earlier from event
           ) where earlier is not null""",
    )
    assert 0.28 < share < 0.42


def test_the_robots_run_until_they_stop(shop: Any) -> None:
    busy = "select count(*) from session where events > 280 and began and is_first and first_day {} '20201213'"
    assert one(shop, busy.format("<=")) > 20
    assert one(shop, busy.format(">")) < 5
