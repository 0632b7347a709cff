"""Drawings whatever the figures: round ticks, shapes inside the frame, a bridge that leads where it must."""

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from report.bridge import Line, axis_start, bridge_chart, walk
from report.buying_time import Bin, buying_chart, buying_sentence
from report.drawing import Days, Drawing, px, ticks
from report.health import Health, health_chart, troubles
from report.lanes import Mark, lanes, lanes_chart
from report.words import duration, precise

AMOUNTS = st.decimals(-(10**7), 10**7, places=2)
STEPS = st.lists(AMOUNTS, min_size=1, max_size=12)


def bridge_of(start: Decimal, steps: list[Decimal]) -> tuple[Line, ...]:
    """A bridge from `start` by these steps."""
    end = start + sum(steps, Decimal(0))
    lines = [Line(1, "ga4_reported", "total", start, 1, 0)]
    lines += [Line(n, f"step_{n}", "step", step, 1, 0) for n, step in enumerate(steps, 2)]
    lines += [Line(98, "backend_as_booked", "total", end, 1, 0), Line(99, "residual", "total", Decimal(0), 0, 0)]
    return tuple(lines)


def inside(drawing: Drawing) -> None:
    """Every box and dot lies in the frame."""
    for shape in drawing.shapes:
        at = dict(shape.attributes)
        if shape.tag == "rect":
            assert float(at["x"]) >= -1, shape
            assert float(at["x"]) + float(at["width"]) <= drawing.width + 1, shape
            assert float(at["y"]) >= -1, shape
            assert float(at["y"]) + float(at["height"]) <= drawing.height + 1, shape
        if shape.tag == "circle":
            assert 0 <= float(at["cx"]) <= drawing.width, shape
            assert 0 <= float(at["cy"]) <= drawing.height, shape


@given(st.floats(-(10**8), 10**8), st.floats(0.001, 10**8), st.integers(2, 9))
def test_ticks_are_few_round_and_in_range(low: float, length: float, most: int) -> None:
    found = ticks(low, low + length, most)
    assert len(found) <= most + 1
    for value in found:
        assert low - length / 100 <= value <= low + length * 1.01
    for one, other in pairwise(found):
        assert re.match(
            r"[125]", f"{other - one:.6e}".replace("9.99", "1.00").replace("4.99", "5.00").replace("1.99", "2.00")
        )


@given(st.floats(-(10**6), 10**6))
def test_a_coordinate_is_short_and_near(value: float) -> None:
    assert abs(float(px(value)) - value) <= 0.0501
    assert px(value) not in ("-0", "-0.0")


@given(st.decimals(0, 10**7, places=2), STEPS)
def test_a_bridge_walks_from_total_to_total_inside_its_frame(start: Decimal, steps: list[Decimal]) -> None:
    lines = bridge_of(start, steps)
    walked = list(walk(lines))
    assert walked[-1][2] == lines[-2].amount
    assert all(after - before == each.amount for each, before, after in walked if each.kind == "step")
    assert axis_start(lines) <= min(after for _, _, after in walked)
    if drawn := bridge_chart(lines):
        inside(drawn.narrow)
        inside(drawn.wide)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_a_histogram_of_anything_fits_and_names_the_bin_in_the_middle(people: list[int]) -> None:
    bins = tuple(Bin(n, f"bin {n}", n * 60, (n + 1) * 60, count) for n, count in enumerate(people))
    drawn = buying_chart(bins)
    assert (drawn is None) == (sum(people) == 0)
    if drawn:
        inside(drawn.narrow)
        inside(drawn.wide)
        told = re.search(r"took bin (\d+) ", buying_sentence(bins))
        assert told
        middle = int(told[1])
        assert 2 * sum(people[: middle + 1]) >= sum(people) > 2 * sum(people[:middle])


MARKS = st.builds(
    lambda group, lane, kind, start, stay: Mark(
        group, lane, f"{group} {lane}", None, 1, kind, start, start + stay, Decimal("1.00")
    ),
    st.sampled_from(["paid_not_in_ga4", "in_ga4_not_paid", "amount_differs", "matched"]),
    st.integers(1, 6),
    st.sampled_from(["session", "add_to_cart", "ga4_purchase", "paid"]),
    st.integers(0, 10**8),
    st.integers(0, 10**5),
)


@given(st.lists(MARKS, max_size=60))
def test_lanes_hold_every_mark_once_inside_the_frame(marks: list[Mark]) -> None:
    found = lanes(tuple(marks))
    assert sum(len(lane.marks) for lane in found) == len(marks)
    if drawn := lanes_chart(found):
        inside(drawn.narrow)
        inside(drawn.wide)


HEALTH = st.builds(
    lambda day, event, status: Health(
        date(2020, 11, 1) + timedelta(days=day), event, 1, "view_item", 9, 1, 0.1, 0.5, 0.4, 0.6, status
    ),
    st.integers(0, 400),
    st.sampled_from(["view_item", "add_to_cart", "purchase"]),
    st.sampled_from(["ok", "outage", "near_zero", "traffic_drop", "no_data", "too_few"]),
)


@given(st.lists(HEALTH, max_size=80, unique_by=lambda h: (h.export_day, h.event_name)))
def test_every_day_of_trouble_is_in_one_stretch(rows: list[Health]) -> None:
    bad = [r for r in rows if r.status in ("outage", "near_zero", "traffic_drop")]
    assert sum(t.neighbour_sessions for t in troubles(rows)) == 9 * len(bad)
    if drawn := health_chart(rows):
        inside(drawn.narrow)
        inside(drawn.wide)


@given(st.integers(1, 800), st.sampled_from([500, 1060]))
def test_labels_of_days_stand_apart_and_inside(count: int, width: int) -> None:
    axis = Days(date(2020, 11, 1), count, 46, width - 8)
    words = [(float(dict(s.attributes)["x"]), s) for s in axis.labels(100) if s.tag == "text"]
    for (x, one), (y, _) in pairwise(words):
        assert y - x >= (66 if len(one.text) > 6 else 40)
    assert all(x <= width for x, _ in words)


def test_durations_are_told_in_two_units_at_most() -> None:
    told = [duration(s) for s in (0, 59, 61, 600, 3600, 5000, 86400, 90000, 10**6)]
    assert told == ["0 s", "59 s", "1 min 1 s", "10 min", "1 h", "1 h 23 min", "1 day", "1 day 1 h", "11 days"]


def test_small_rates_keep_two_decimals() -> None:
    assert [precise(Decimal(s)) for s in ("0", "0.00001", "0.0106", "0.0999", "0.5", "1")] == [
        *("0.0 %", "<0.01 %", "1.06 %", "9.99 %", "50.0 %", "100.0 %")
    ]
