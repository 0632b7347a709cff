"""Day by day: the match rate with its interval against the target, and the difference in money."""

from datetime import date
from decimal import Decimal

from report.daily import NOT_ASKED, window
from report.drawing import (
    Chart,
    Days,
    Drawing,
    Shape,
    chart,
    circle,
    diamond,
    line,
    path,
    rect,
    text,
    ticks,
    triangle,
)
from report.figures import Day, Figures
from report.words import counted, listed, money, number, percent, signed

TARGET = Decimal("0.95")
MOST_FLAGGED = 12


def is_below(day: Day) -> bool:
    """Whether even the upper end of a day's 95 % interval is below target."""
    return day.match_rate_upper is not None and day.match_rate_upper < TARGET


def rate_sentence(figures: Figures) -> str:
    """Which days are below target with their whole interval, and which are not to be judged yet."""
    days = _shown(figures)
    judged = [d for d in days if d.match_rate is not None]
    if not judged:
        return "No day has an eligible order, so no day has a match rate."
    below = [d.day for d in judged if is_below(d)]
    unripe = [d.day for d in days if d.is_mature is False]
    if below:
        parts = [
            f"On {listed(below, MOST_FLAGGED)} the whole 95 % interval of the match rate is below the target of "
            f"{percent(TARGET)}."
        ]
    elif any(d.match_rate < TARGET for d in judged if d.match_rate is not None):
        parts = [
            f"Of {counted(len(judged), 'day')} with eligible orders some have a rate below the target of "
            f"{percent(TARGET)}, but none its whole 95 % interval: they are days of few orders."
        ]
    else:
        parts = [f"Every day with eligible orders reaches the target of {percent(TARGET)}."]
    if unripe:
        parts.append(f"{counted(len(unripe), 'day')} may still change: {listed(unripe)}.")
    if changed := [
        d
        for d in days
        if d.match_rate_then is not None
        and d.match_rate is not None
        and abs(d.match_rate_then - d.match_rate) >= Decimal("0.0005")
    ]:
        parts.append(f"On {counted(len(changed), 'day')} the rate is another now than as known on the day after.")
    return " ".join(parts)


def difference_sentence(figures: Figures) -> str:
    """On how many days GA4 reports more, on how many less, and the day with the largest difference."""
    days = [d for d in _shown(figures) if d.orders or d.purchases]
    if not days:
        return "No day has a purchase or an order."
    more, less = sum(d.difference > 0 for d in days), sum(d.difference < 0 for d in days)
    most = max(days, key=lambda d: (abs(d.difference), d.day))
    same = number(len(days) - more - less)
    told = f"GA4 reports more than the backend on {counted(more, 'day')}, less on {number(less)}, the same on {same}."
    return (
        f"{told} The largest difference is that of {most.day}: {signed(most.difference)}." if most.difference else told
    )


def rate_chart(figures: Figures) -> Chart | None:
    """The daily match rate; None without one."""
    days = [d for d in _shown(figures) if d.match_rate is not None]
    if not days:
        return None
    lowest = min(days, key=lambda d: (d.match_rate or Decimal(0), d.day))
    words = (
        f"{counted(len(days), 'day')} with a rate, from {days[0].day} to {days[-1].day}; lowest "
        f"{percent(lowest.match_rate)} on {lowest.day}; {counted(sum(is_below(d) for d in days), 'day')} below target "
        "with their whole interval. The table of all days holds every value."
    )
    return chart("match-rate", "Match rate of each day", words, lambda width: _rates(figures, width))


def difference_chart(figures: Figures) -> Chart | None:
    """GA4 minus backend of each day; None where nothing is held."""
    days = _shown(figures)
    if not days:
        return None
    most = max(days, key=lambda d: (abs(d.difference), d.day))
    words = (
        f"{counted(len(days), 'day')} from {days[0].day} to {days[-1].day}; largest {signed(most.difference)} on "
        f"{most.day}. The table of all days holds every value."
    )
    return chart(
        "difference", "GA4 revenue minus backend revenue of each day", words, lambda width: _differences(figures, width)
    )


def _shown(figures: Figures) -> list[Day]:
    """Days inside the window of the page."""
    bounds = window(figures)
    return [d for d in figures.days if bounds and bounds[0] <= d.day <= bounds[1]]


def _axis(figures: Figures, left: float, right: float) -> Days:
    bounds = window(figures)
    assert bounds  # there is a day to draw
    return Days(bounds[0], (bounds[1] - bounds[0]).days + 1, left, right)


def _gaps(figures: Figures, axis: Days, top: float, bottom: float) -> list[Shape]:
    """Days that the export lacks, hatched, with a word where there is room."""
    lacking = [e.day for e in figures.export_days if not e.is_held]
    shapes: list[Shape] = []
    stretch: list[date] = []
    for day in [*lacking, None]:
        if stretch and (day is None or (day - stretch[-1]).days > 1):
            x, wide = axis.start(stretch[0]), axis.start(stretch[-1]) + axis.band - axis.start(stretch[0])
            told = f"{listed(stretch)}: {'missing' if lacking else NOT_ASKED} in the GA4 export"
            shapes.append(rect(x, top, wide, bottom - top, "gap", told))
            shapes.append(line(x, top, x + wide, top, "gap-edge"))
            if wide > 62:
                shapes.append(text(x + wide / 2, top + 14, "no export", "soft", "middle"))
            stretch = []
        if day is not None:
            stretch.append(day)
    return shapes


def _rates(figures: Figures, width: int) -> Drawing:
    left, right, top, bottom = 46.0, width - 8.0, 10.0, 190.0
    axis = _axis(figures, left, right)
    days = [d for d in _shown(figures) if d.match_rate is not None]
    lowest = min(float(v) for d in days for v in (d.match_rate, d.match_rate_lower, d.match_rate_then) if v is not None)
    low = min(0.8, int(lowest * 10) / 10)

    def y(rate: Decimal | float) -> float:
        return bottom - (float(rate) - low) / (1 - low) * (bottom - top)

    shapes = _gaps(figures, axis, top, bottom)
    for tick in ticks(low, 1.0, 5):
        shapes += [
            line(left, y(tick), right, y(tick), "grid"),
            text(left - 6, y(tick) + 4, f"{tick:.0%}".replace("%", " %"), "axis", "end"),
        ]
    for d in days:
        if d.match_rate_lower is not None and d.match_rate_upper is not None:
            x, wide = axis.middle(d.day), min(max(axis.band * 0.5, 1.5), 10)
            shapes.append(
                rect(x - wide / 2, y(d.match_rate_upper), wide, y(d.match_rate_lower) - y(d.match_rate_upper), "band")
            )
    for run in _runs(days):
        if len(run) > 1:
            shapes.append(path([(axis.middle(d.day), y(d.match_rate or 0)) for d in run], "trend"))
    shapes.append(line(left, y(TARGET), right, y(TARGET), "target"))
    dot = 3.5 if axis.band > 9 else 2.5
    for d in days:
        assert d.match_rate is not None
        x, told = (
            axis.middle(d.day),
            f"{d.day}: {percent(d.match_rate)} of {counted(d.eligible_orders, 'eligible order')}",
        )
        if d.match_rate_lower is not None:
            told += f", 95 % interval {percent(d.match_rate_lower)} to {percent(d.match_rate_upper)}"
        if d.match_rate_then is not None and d.match_rate_then != d.match_rate:
            shapes.append(
                diamond(
                    x,
                    y(d.match_rate_then),
                    dot,
                    "then",
                    f"{d.day}: {percent(d.match_rate_then)} as known on the day after",
                )
            )
        if is_below(d):
            shapes.append(triangle(x, y(d.match_rate), dot + 2, "bad", f"{told}, below target", is_down=True))
        else:
            shapes.append(circle(x, y(d.match_rate), dot, "dot hollow" if d.is_mature is False else "dot", told))
    shapes += axis.labels(bottom + 24)
    return Drawing(width, 222, tuple(shapes))


def _runs(days: list[Day]) -> list[list[Day]]:
    """Days that follow each other."""
    runs: list[list[Day]] = []
    for d in days:
        if runs and (d.day - runs[-1][-1].day).days == 1:
            runs[-1].append(d)
        else:
            runs.append([d])
    return runs


def _differences(figures: Figures, width: int) -> Drawing:
    left, right, top, bottom = 58.0, width - 8.0, 10.0, 150.0
    axis, days = _axis(figures, left, right), _shown(figures)
    high = max([float(d.difference) for d in days] + [0.0])
    low = min([float(d.difference) for d in days] + [0.0])
    if high == low:
        high, low = 1.0, -1.0

    def y(amount: float) -> float:
        return bottom - (amount - low) / (high - low) * (bottom - top)

    shapes = _gaps(figures, axis, top, bottom)
    for tick in ticks(low, high, 5):
        shapes += [line(left, y(tick), right, y(tick), "grid"), text(left - 6, y(tick) + 4, short(tick), "axis", "end")]
    for d in days:
        if d.difference:
            amount = float(d.difference)
            told = f"{d.day}: {signed(d.difference)}, GA4 {money(d.ga4_revenue)}, backend {money(d.backend_revenue)}"
            shapes.append(
                rect(
                    axis.start(d.day) + axis.band * 0.15,
                    y(max(amount, 0)),
                    axis.band * 0.7,
                    abs(y(amount) - y(0)),
                    "more" if amount > 0 else "less",
                    told,
                )
            )
    shapes.append(line(left, y(0), right, y(0), "base"))
    shapes += axis.labels(bottom + 24)
    return Drawing(width, 182, tuple(shapes))


def short(amount: float) -> str:
    """An amount of an axis: 1,500; 25k; 1.2M."""
    size = abs(amount)
    if size >= 10**6:
        return f"{amount / 10**6:,.1f}".removesuffix(".0") + "M"
    if size >= 10**4:
        return f"{amount / 10**3:,.0f}k"
    return f"{amount:,.0f}" if size >= 10 or amount == int(amount) else f"{amount:,.2f}"
