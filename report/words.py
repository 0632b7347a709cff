"""Figures as text. What is unknown is a dash, never a zero; what is not quite all is never 100 %."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from markupsafe import Markup, escape

NOTHING = "–"


def number(value: int | None) -> str:
    """1234567 -> 1,234,567."""
    return NOTHING if value is None else f"{value:,}"


def money(amount: Decimal | None) -> str:
    """Two decimals; the currency stands beside the figure or above the column."""
    return NOTHING if amount is None else f"{_to_cents(amount):,.2f}"


def signed(amount: Decimal | None) -> str:
    """Like money, with a plus where it is one: for differences."""
    return NOTHING if amount is None else (f"{_to_cents(amount):+,.2f}" if _to_cents(amount) else "0.00")


def _to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01")) + 0  # adding 0 turns -0.00 into 0.00


def percent(share: Decimal | None) -> str:
    """A share of 0 to 1 as a percentage with one decimal: 0.0 % and 100.0 % mean exactly none and exactly all."""
    if share is None:
        return NOTHING
    if 0 < share < Decimal("0.0005"):
        return "<0.1 %"
    if Decimal("0.9995") <= share < 1:
        return ">99.9 %"
    return f"{share * 100:.1f} %"


def precise(share: Decimal | None) -> str:
    """Like percent, with two decimals below 10 %: for rates that are small by nature."""
    if share is None or share >= Decimal("0.09995") or not share:
        return percent(share)
    return "<0.01 %" if share < Decimal("0.00005") else f"{share * 100:.2f} %"


def precise_of(share: float | None) -> str:
    """The same of a FLOAT64."""
    return precise(None if share is None else Decimal(str(share)))


def duration(seconds: float) -> str:
    """Two units at most: '45 s', '3 min', '1 h 20 min', '3 days 4 h'."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 60:
        return f"{minutes} min" + (f" {whole % 60} s" if minutes < 10 and whole % 60 else "")
    if hours < 24:
        return f"{hours} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    return counted(days, "day") + (f" {hours % 24} h" if days < 10 and hours % 24 else "")


def moment(at: datetime | None) -> str:
    """A time to the minute, in UTC and saying so."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def lowered(name: str) -> str:
    """A name inside a sentence: 'Only in GA4' -> 'only in GA4', 'GA4, as reported' stays."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def counted(count: int, noun: str) -> str:
    """'1 day', '2 days'."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def unbroken(words: str) -> Markup:
    """The same as HTML, in which no line ends inside a date or between a figure and its per cent sign."""
    return Markup(re.sub(r"\d{4}-\d\d-\d\d|[\d,.]+ %", r'<span class="whole">\g<0></span>', str(escape(words))))


def ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days joined to (first, last) wherever they follow each other."""
    joined: list[tuple[date, date]] = []
    for day in sorted(days):
        if joined and joined[-1][1] + timedelta(days=1) == day:
            joined[-1] = (joined[-1][0], day)
        else:
            joined.append((day, day))
    return joined


def span(first: date, last: date) -> str:
    """'2020-11-03', '2020-11-03 to 2020-11-10'."""
    return f"{first}" if first == last else f"{first} to {last}"


def listed(days: Iterable[date], most: int = 12) -> str:
    """Days as a list of ranges; beyond `most` ranges the rest is counted, the daily table names it."""
    joined = ranges(days)
    named = [span(*r) for r in joined[:most]]
    rest = sum((last - first).days + 1 for first, last in joined[most:])
    if rest:
        named.append(f"{counted(rest, 'more day')} (see the daily table)")
    return sentence_list(named)


def sentence_list(parts: list[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return parts[0] if len(parts) == 1 else " and ".join([", ".join(parts[:-1]), parts[-1]]) if parts else ""
