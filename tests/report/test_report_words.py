"""Figures as text: nothing invented, nothing lost."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from report.words import counted, listed, moment, money, number, percent, ranges, signed, unbroken

AMOUNTS = st.decimals(-(10**9), 10**9, places=2)
DAYS = st.dates(date(2020, 1, 1), date(2021, 12, 31))


def test_what_is_unknown_is_a_dash() -> None:
    assert [number(None), money(None), signed(None), percent(None), moment(None)] == ["–"] * 5


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_no_part_is_shown_as_none_or_as_all_of_it(part: int, more: int) -> None:
    share = Decimal(part) / Decimal(part + more)
    assert percent(share) not in ("0.0 %", "100.0 %")


def test_none_and_all_are_shown_as_such() -> None:
    assert percent(Decimal(0)) == "0.0 %"
    assert percent(Decimal(1)) == "100.0 %"
    assert percent(Decimal("0.8666666")) == "86.7 %"


@given(AMOUNTS)
def test_money_keeps_every_cent(amount: Decimal) -> None:
    assert Decimal(money(amount).replace(",", "")) == amount
    assert Decimal(signed(amount).replace(",", "")) == amount
    assert "-0.00" not in (money(amount), signed(amount))


@given(st.sets(DAYS))
def test_ranges_hold_exactly_the_days_and_do_not_touch(days: set[date]) -> None:
    joined = ranges(days)
    spread = [first + timedelta(days=n) for first, last in joined for n in range((last - first).days + 1)]
    assert spread == sorted(days)
    assert all(later[0] - earlier[1] > timedelta(days=1) for earlier, later in pairwise(joined))


def test_days_are_listed_as_ranges() -> None:
    assert listed([date(2020, 11, n) for n in (1, 2, 3, 7, 9, 10)]) == (
        "2020-11-01 to 2020-11-03, 2020-11-07 and 2020-11-09 to 2020-11-10"
    )
    assert listed([]) == ""


def test_a_date_and_a_per_cent_are_kept_on_one_line_and_the_rest_is_escaped() -> None:
    assert unbroken("on 2020-11-01, <0.1 % & 1,234.50 USD") == (
        'on <span class="whole">2020-11-01</span>, &lt;<span class="whole">0.1 %</span> &amp; 1,234.50 USD'
    )


def test_times_are_told_in_utc_and_say_so() -> None:
    pacific = timezone(timedelta(hours=-8))
    assert moment(datetime(2020, 11, 1, 23, 30, tzinfo=pacific)) == "2020-11-02 07:30 UTC"
    assert moment(datetime(2020, 11, 1, tzinfo=UTC)) == "2020-11-01 00:00 UTC"


def test_one_is_not_many() -> None:
    assert [counted(n, "day") for n in (0, 1, 2, 1234)] == ["0 days", "1 day", "2 days", "1,234 days"]
