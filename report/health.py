"""Tracking health: which event was recorded less than its neighbours say it should have been, on which days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from report import meanings
from report.drawing import Chart, Days, Drawing, Shape, chart, diamond, line, path, rect, text
from report.words import NOTHING, counted, lowered, number, precise, ranges, sentence_list, span

TROUBLES = ("outage", "near_zero", "traffic_drop")


@dataclass(frozen=True)
class Health:
    """A row of rpt_tracking_health. Rates are 0 to 1."""

    export_day: date
    event_name: str
    sessions: int
    neighbour: str | None
    neighbour_sessions: int | None
    sessions_with_both: int | None
    rate: float | None
    expected_rate: float | None
    expected_lower: float | None
    expected_upper: float | None
    status: str


@dataclass(frozen=True)
class Trouble:
    """Days on end on which an event stood the same way."""

    event_name: str
    status: str
    days: str
    sessions: int
    neighbour: str
    neighbour_sessions: int
    rate: Decimal | None
    expected: str

    @property
    def status_name(self) -> str:
        """The status in words."""
        return meanings.HEALTH.get(self.status, (self.status,))[0]


def troubles(rows: Sequence[Health]) -> tuple[Trouble, ...]:
    """Every stretch of days with a trouble, the worst kind first."""
    found = []
    kinds = {(r.event_name, r.status) for r in rows if r.status in TROUBLES}
    for event, status in kinds:
        those = {r.export_day: r for r in rows if (r.event_name, r.status) == (event, status)}
        for first, last in ranges(those):
            within = [r for day, r in those.items() if first <= day <= last]
            sessions = sum(r.sessions_with_both or 0 for r in within)
            beside = sum(r.neighbour_sessions or 0 for r in within)
            expected = next((r for r in within if r.expected_rate is not None), None)
            found.append(
                (
                    TROUBLES.index(status),
                    first,
                    Trouble(
                        event,
                        status,
                        span(first, last),
                        sessions,
                        within[0].neighbour or NOTHING,
                        beside,
                        Decimal(sessions) / beside if beside else None,
                        f"{precise(_decimal(expected.expected_lower))} to {precise(_decimal(expected.expected_upper))}"
                        if expected and expected.expected_lower is not None
                        else precise(_decimal(expected.expected_rate))
                        if expected
                        else NOTHING,
                    ),
                )
            )
    return tuple(t for _, _, t in sorted(found, key=lambda f: (f[0], f[1], f[2].event_name)))


def health_sentence(rows: Sequence[Health], found: tuple[Trouble, ...]) -> str:
    """What was not recorded when, told from days on which fewer people came."""
    if not rows:
        return "No day of the export was looked at."
    days = len({r.export_day for r in rows})
    if not found:
        return f"No event was recorded less than its neighbours say on any of {counted(days, 'day')}."
    outages = [t for t in found if t.status == "outage"]
    told = []
    if outages:
        told.append(
            sentence_list(
                [
                    f"{t.event_name} was not recorded on {t.days} (in {number(t.sessions)} of "
                    f"{counted(t.neighbour_sessions, 'session')} with {t.neighbour})"
                    for t in outages[:4]
                ]
            )
            + (f", and {number(len(outages) - 4)} more outages" if len(outages) > 4 else "")
        )
    others = [t for t in found if t.status != "outage"]
    if others:
        told.append(
            "one more stretch of days stands in the table"
            if len(others) == 1
            else f"{number(len(others))} more stretches of days stand in the table"
        )
    return f"Measured against its neighbour in the funnel: {'; '.join(told)}."


def health_chart(rows: Sequence[Health]) -> Chart | None:
    """A row for each event, a cell for each day; None without a day."""
    if not rows:
        return None
    found = troubles(rows)
    words = (
        "; ".join(f"{t.event_name} {lowered(t.status_name)} {t.days}" for t in found[:20]) or "no trouble on any day"
    )
    return chart(
        "health", "Events by day, and how they stand to their neighbours", f"{words}.", lambda width: _draw(rows, width)
    )


def _draw(rows: Sequence[Health], width: int) -> Drawing:
    left, pitch, tall = 112.0, 26, 18
    events = sorted(
        {r.event_name for r in rows},
        key=lambda e: (meanings.EVENT_ORDER.index(e) if e in meanings.EVENT_ORDER else 99, e),
    )
    days = sorted({r.export_day for r in rows})
    axis = Days(days[0], (days[-1] - days[0]).days + 1, left, width - 8.0)
    gap = 0.12 * axis.band
    shapes: list[Shape] = []
    for n, event in enumerate(events):
        shapes.append(text(left - 8, n * pitch + 19, event, "axis", "end"))
    for r in rows:
        x, y, wide = axis.start(r.export_day) + gap, events.index(r.event_name) * pitch + 6.0, axis.band - 2 * gap
        told = f"{r.export_day} {r.event_name}: {meanings.HEALTH.get(r.status, (r.status,))[0]}"
        middle = x + wide / 2
        if r.status == "outage":
            arm = min(wide / 2, 5)
            shapes.append(rect(x, y, wide, tall, "bad", told))
            top, low = y + tall / 2 - arm, y + tall / 2 + arm
            shapes.append(path([(middle - arm, top), (middle + arm, low)], "cross"))
            shapes.append(path([(middle + arm, top), (middle - arm, low)], "cross"))
        elif r.status == "near_zero":
            shapes += [rect(x, y, wide, tall, "faint"), rect(x, y + tall * 0.5, wide, tall * 0.5, "warn", told)]
        elif r.status == "traffic_drop":
            shapes += [rect(x, y, wide, tall, "faint"), diamond(middle, y + tall / 2, min(wide / 2, 5), "fewer", told)]
        elif r.status == "no_data":
            shapes.append(rect(x, y, wide, tall, "gap", told))
        elif r.status == "too_few":
            shapes.append(line(x, y + tall / 2, x + wide, y + tall / 2, "few"))
        else:
            shapes.append(rect(x, y, wide, tall, "fine"))
    return Drawing(width, len(events) * pitch + 34, (*shapes, *axis.labels(len(events) * pitch + 26)))


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
