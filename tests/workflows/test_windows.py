"""The windows of a backfill: every day in exactly one, in order, none longer than asked."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workflows.cluster.backfill import windows


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 400), st.integers(1, 500))
def test_every_day_is_in_one_window(start: date, length: int, days: int) -> None:
    end = start + timedelta(days=length)
    made = windows(start, end, days)
    assert [day for window in made for day in window.days()] == [start + timedelta(days=n) for n in range(length + 1)]
    assert all(len(window.days()) == days for window in made[:-1])
    assert 1 <= len(made[-1].days()) <= days
