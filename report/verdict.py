"""Judges the closing figures against their targets and says it in one sentence."""

from dataclasses import dataclass
from decimal import Decimal

from report.change import change
from report.daily import EMPTY, MISSING, Line
from report.figures import FOUND, ClosingFigures, Figures, ratio, total
from report.words import NOTHING, counted, money, number, percent, precise, sentence_list, signed


@dataclass(frozen=True)
class Level:
    """How a figure stands to its target: a word, a glyph and a colour that repeats them."""

    word: str
    glyph: str
    name: str  # class in style.css
    rank: int  # the larger the worse


ON = Level("on target", "✓", "on", 0)
NEAR = Level("near target", "!", "near", 1)
OFF = Level("off target", "✕", "off", 2)
UNKNOWN = Level("nothing to judge", NOTHING, "unknown", -1)


@dataclass(frozen=True)
class Card:
    """A figure as it is shown, with what it was before."""

    title: str
    value: str
    note: str
    anchor: str  # id of the part of the page that explains it
    level: Level | None = None
    target: str = ""
    change: str = ""


def match_rate_level(rate: Decimal | None) -> Level:
    """At least 95 % is on target, below 90 % off it."""
    if rate is None:
        return UNKNOWN
    return ON if rate >= Decimal("0.95") else NEAR if rate >= Decimal("0.90") else OFF


def difference_level(share: Decimal | None, on: str, near: str) -> Level:
    """A difference as a share of the backend's revenue: up to `on` is on target, above `near` off it."""
    if share is None:
        return UNKNOWN
    return ON if share <= Decimal(on) else NEAR if share <= Decimal(near) else OFF


def levels(closing: ClosingFigures) -> tuple[Level, Level, Level]:
    """Of the match rate, the revenue difference, the unexplained difference."""
    return (
        match_rate_level(closing.match_rate),
        difference_level(closing.share_of_backend(closing.revenue_difference), "0.02", "0.05"),
        difference_level(closing.share_of_backend(closing.unexplained_difference), "0.005", "0.01"),
    )


def cards(figures: Figures, closing: ClosingFigures, currency: str) -> tuple[Card, ...]:
    """The six figures at the top: value, target, change."""
    rate, difference, unexplained = levels(closing)
    moved = change(figures)
    only = [o for o in figures.outcomes if o.status == "missing_in_backend"]
    lacking = sum(o.purchases for o in only)
    expected = lacking + sum(o.purchases for o in figures.outcomes if o.status in FOUND)
    bought, confirmed = (
        next((step.sessions for step in figures.funnel if step.name == name), 0) for name in ("purchase", "confirmed")
    )
    return (
        Card(
            "Match rate",
            percent(closing.match_rate),
            f"{number(closing.found_orders)} of {counted(closing.eligible_orders, 'eligible order')} found in GA4",
            "rate",
            rate,
            "target at least 95 %",
            moved.points(lambda p: p.match_rate, lambda rate: -rate) if moved else "",
        ),
        Card(
            "Revenue difference",
            _signed_percent(closing.revenue_difference, closing.backend_revenue),
            f"{signed(closing.revenue_difference)} {currency}: GA4 {money(closing.ga4_revenue)} less backend "
            f"{money(closing.backend_revenue)}",
            "bridge",
            difference,
            "target at most 2 % of backend revenue",
            moved.points(lambda p: p.difference, abs) if moved else "",
        ),
        Card(
            "Unexplained difference",
            percent(closing.share_of_backend(closing.unexplained_difference)),
            f"{signed(closing.unexplained_difference)} {currency} for no known reason",
            "statuses",
            unexplained,
            "target at most 0.5 % of backend revenue",
            moved.points(lambda p: p.unexplained, abs) if moved else "",
        ),
        Card(
            "Purchases only in GA4",
            number(lacking) if expected else NOTHING,
            f"{money(total(o.ga4_revenue for o in only))} {currency}; {percent(ratio(lacking, expected))} of "
            f"{counted(expected, 'purchase')} that should have an order",
            "statuses",
            change=moved.relative(lambda p: p.ga4_only, abs) if moved else "",
        ),
        Card(
            "Backend revenue",
            money(closing.backend_revenue) if closing.orders else NOTHING,
            f"{currency}, kept of {counted(closing.orders, 'order')}; {number(closing.eligible_orders)} are eligible",
            "bridge",
            change=moved.relative(lambda p: p.backend_revenue) if moved else "",
        ),
        Card(
            "Session-to-purchase rate",
            precise(ratio(bought, closing.sessions)),
            f"{number(bought)} of {counted(closing.sessions, 'session')} purchased, says GA4; the backend confirms "
            f"{number(confirmed)}",
            "funnel",
            change=moved.points(lambda p: p.purchase_rate) if moved else "",
        ),
    )


def _signed_percent(part: Decimal | None, whole: Decimal) -> str:
    share = None if part is None else ratio(part, whole)
    if not share:
        return percent(share)
    told = percent(abs(share))
    return f"{'+' if share > 0 else '-'}{told}" if told[0].isdigit() else f"{told} {'more' if share > 0 else 'less'}"


def verdict(figures: Figures, closing: ClosingFigures, table: tuple[Line, ...], currency: str) -> tuple[Level, str]:
    """One sentence on whether GA4 and the backend agree, and its level."""
    purchases = sum(o.purchases for o in figures.outcomes)
    gaps = _gaps(figures, table)
    if not closing.sessions and not closing.orders and not purchases:
        return UNKNOWN, _sentence("There is nothing to compare: the warehouse holds no session and no order", gaps)
    if not closing.orders:
        held = f"{counted(closing.sessions, 'session')} and {counted(purchases, 'purchase')}"
        return UNKNOWN, _sentence(f"There is nothing to compare with: GA4 holds {held}, the backend no order", gaps)
    if not closing.sessions:
        orders = counted(closing.orders, "order")
        return UNKNOWN, _sentence(f"There is nothing to compare with: the backend holds {orders}, GA4 no session", gaps)
    if closing.match_rate is None:
        orders = counted(closing.orders, "order")
        return UNKNOWN, _sentence(
            f"There is nothing to judge yet: none of {orders} is eligible for the match rate", gaps
        )
    worst = max(levels(closing), key=lambda level: level.rank)
    eligible = counted(closing.eligible_orders, "eligible order")
    clauses = [f"GA4 knows {percent(closing.match_rate)} of {eligible}", *_lacking(figures), *_money(closing, currency)]
    return worst, _sentence(f"{worst.word.capitalize()}: {', '.join(clauses)}", gaps)


def _lacking(figures: Figures) -> list[str]:
    """What the match rate cannot tell: an order that the backend lost is no order there, hence in no denominator."""
    lacking = sum(o.purchases for o in figures.outcomes if o.status == "missing_in_backend")
    expected = lacking + sum(o.purchases for o in figures.outcomes if o.status in FOUND)
    share = percent(ratio(lacking, expected))
    return [f"the backend lacks {number(lacking)} of {counted(expected, 'purchase')} ({share})"] if lacking else []


def _money(closing: ClosingFigures, currency: str) -> list[str]:
    difference = closing.revenue_difference or Decimal(0)
    unexplained = closing.unexplained_difference or Decimal(0)
    rest = f"{signed(unexplained)} {currency} of that for no known reason" if unexplained else "all for known reasons"
    if not difference:
        told = f"both report the same revenue, {money(closing.backend_revenue)} {currency}"
        return [told, f"with {signed(unexplained)} {currency} unexplained"] if unexplained else [told]
    share = closing.share_of_backend(difference)
    of_it = f" ({percent(share)})" if share is not None else ""
    than = "less than the backend" if difference < 0 else "more than the backend"
    return [f"GA4 reports {money(abs(difference))} {currency}{of_it} {than}", rest]


def _gaps(figures: Figures, table: tuple[Line, ...]) -> list[str]:
    asked = len(figures.export_days)
    missing, empty = (sum(line.state == state for line in table) for state in (MISSING, EMPTY))
    parts = [f"{number(missing)} of {counted(asked, 'day')} missing"] if missing else []
    return parts + ([f"{counted(empty, 'day')} empty"] if empty else [])


def _sentence(clause: str, gaps: list[str]) -> str:
    return f"{clause}; the GA4 export has {sentence_list(gaps)}." if gaps else f"{clause}."
