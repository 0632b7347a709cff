"""The daily table, whatever days were asked for and whatever days hold something: nothing is lost or shown twice."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from report.daily import EMPTY, KEPT, LOADED, MISSING, NOT_ASKED, Line, complete_through, lines, window
from report.figures import STATUSES, STEPS, Day, ExportDay, Figures, total

DAYS = st.dates(date(2020, 11, 1), date(2020, 12, 20))
COUNTS = st.integers(0, 50)


def figures(days: dict[date, int], sessions: dict[date, int], exports: dict[date, tuple[str, int]]) -> Figures:
    """Days with so many matched orders of one unit each, sessions, export days with status and events."""
    return Figures(
        funnel=(),
        sessions_by_day={day: dict.fromkeys(STEPS, n) for day, n in sorted(sessions.items())},
        outcomes=(),
        days=tuple(_day(day, n) for day, n in sorted(days.items())),
        export_days=tuple(
            ExportDay(day, status, events, True, (), (), ()) for day, (status, events) in sorted(exports.items())
        ),
        backend_loaded_through_at=None,
        backend_changed_at=None,
        currency=None,
    )


def _day(day: date, orders: int) -> Day:
    statuses = dict.fromkeys(STATUSES, 0) | {"matched": orders}
    rate = Decimal(1) if orders else None
    money = Decimal(orders)
    return Day(day, orders, orders, orders, statuses, rate, money, money, Decimal(0), Decimal(0))


EXPORTS = st.sampled_from([("loaded", 5), ("empty", 0), ("missing", 0), ("missing", 3)])
ANY = st.builds(figures, st.dictionaries(DAYS, COUNTS), st.dictionaries(DAYS, COUNTS), st.dictionaries(DAYS, EXPORTS))


@given(ANY)
def test_the_lines_add_up_to_everything_that_is_held(shop: Figures) -> None:
    table = lines(shop)
    assert sum(line.orders for line in table) == sum(d.orders for d in shop.days)
    assert sum(line.sessions or 0 for line in table) == sum(s["sessions"] for s in shop.sessions_by_day.values())
    assert total(line.ga4_revenue or Decimal(0) for line in table) == total(d.ga4_revenue for d in shop.days)


@given(ANY)
def test_every_day_that_was_asked_for_has_one_line_of_its_own(shop: Figures) -> None:
    labels = [line.label for line in lines(shop)]
    assert len(labels) == len(set(labels))
    for export in shop.export_days:
        assert labels.count(str(export.day)) == 1


@given(ANY)
def test_a_day_that_the_export_lacks_never_shows_a_zero_of_ga4(shop: Figures) -> None:
    for line in lines(shop):
        if line.state in (MISSING, NOT_ASKED):
            assert all(
                shown is None or shown for shown in (line.sessions, line.purchases, line.ga4_revenue, line.events)
            )
            assert line.match_rate is None or line.match_rate
        if line.state in (LOADED, EMPTY, KEPT) and shop.export_days:
            assert None not in (line.events, line.sessions, line.purchases, line.ga4_revenue)


@given(ANY)
def test_ga4_is_complete_through_the_day_before_its_first_gap(shop: Figures) -> None:
    last = complete_through(shop)
    held = {e.day for e in shop.export_days if e.is_held}
    bounds = window(shop)
    if last is None:
        assert bounds is None or bounds[0] not in held
        return
    assert bounds is not None
    assert {bounds[0] + timedelta(days=n) for n in range((last - bounds[0]).days + 1)} <= held
    assert last + timedelta(days=1) not in held


def test_a_day_says_how_it_stands_in_the_export() -> None:
    days = [date(2020, 11, n) for n in range(1, 5)]
    exports = dict(zip(days, [("loaded", 5), ("empty", 0), ("missing", 0), ("missing", 3)], strict=True))
    table: tuple[Line, ...] = lines(figures({}, {}, exports))
    assert [line.state for line in table] == [LOADED, EMPTY, MISSING, KEPT]
    assert [line.events for line in table] == [5, 0, None, 3]
