"""How a figure moved: up or down is one thing, better or worse another."""

from decimal import Decimal

import pytest

from report.change import Change, Period


def period(difference: str | None, ga4_only: str) -> Period:
    """Days with this revenue difference and as many purchases a day that only GA4 knows."""
    share = None if difference is None else Decimal(difference)
    return Period(frozenset(), None, share, None, Decimal(ga4_only), None, None)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("0.15", "-0.06", "▼ -21.0 points (better)"),
        ("0.02", "-0.06", "▼ -8.0 points (worse)"),
        ("-0.06", "-0.02", "▲ +4.0 points (better)"),
        ("-0.06", "0.06", "▲ +12.0 points"),
        ("0.0600", "0.0604", "= 0.0 points"),
        (None, "0.06", "– no comparison"),
    ],
)
def test_a_difference_is_better_when_it_is_nearer_to_nothing(before: str | None, now: str, told: str) -> None:
    moved = Change(28, now=period(now, "1"), before=period(before, "1"))
    assert moved.points(lambda p: p.difference, abs) == f"{told}, last 28 days against the 28 before"


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("2", "1", "▼ -50 % a day (better)"),
        ("2", "3", "▲ +50 % a day (worse)"),
        ("2", "2", "= 0 % a day"),
        ("0", "3", "– no comparison"),
    ],
)
def test_a_count_of_faults_is_better_when_it_falls(before: str, now: str, told: str) -> None:
    moved = Change(7, now=period(None, now), before=period(None, before))
    assert moved.relative(lambda p: p.ga4_only, abs) == f"{told}, last 7 days against the 7 before"


def test_a_figure_without_a_good_side_is_not_judged() -> None:
    moved = Change(7, now=period(None, "3"), before=period(None, "2"))
    assert moved.relative(lambda p: p.ga4_only) == "▲ +50 % a day, last 7 days against the 7 before"
