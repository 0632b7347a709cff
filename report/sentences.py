"""The sentences of the page, each computed from the figures it speaks of."""

from datetime import date
from itertools import pairwise

from report import meanings
from report.figures import FOUND, Figures, Outcome, Step, ratio, usual_casts
from report.words import counted, listed, number, percent


def funnel_sentence(funnel: tuple[Step, ...]) -> str:
    """Where most sessions are lost, which step was recorded less than the one after it, what the backend confirms."""
    if not funnel or not funnel[0].sessions:
        return "No session was recorded, so no step has a share."
    pairs = list(pairwise(funnel))
    before, after = max(pairs, key=lambda pair: pair[0].sessions - pair[1].sessions)
    lost = before.sessions - after.sessions
    parts = []
    if lost > 0:
        parts.append(
            f"Most sessions are lost between {_quoted(before)} and {_quoted(after)}: {number(lost)}, "
            f"{percent(ratio(lost, before.sessions))} of those that got there."
        )
    parts += [
        f"{_quoted(later)} holds more sessions than {_quoted(step)}: the earlier step was not recorded every time."
        for step, later in pairs
        if later.sessions > step.sessions
    ]
    purchase, confirmed = (next((s for s in funnel if s.name == name), None) for name in ("purchase", "confirmed"))
    if purchase and confirmed and purchase.sessions:
        parts.append(
            f"The backend confirms {number(confirmed.sessions)} of {counted(purchase.sessions, 'session')} with a "
            f"purchase, {percent(ratio(confirmed.sessions, purchase.sessions))}."
        )
    return " ".join(parts)


def _quoted(step: Step) -> str:
    return f"“{meanings.STEP[step.name]}”"


def reconciliation_sentence(outcomes: tuple[Outcome, ...], everything: Outcome) -> str:
    """How many of either side there are, and how far either side is found in the other."""
    if not everything.rows:
        return "Neither a purchase nor an order is held."
    orders = sum(o.orders for o in outcomes if o.status in FOUND)
    eligible = orders + sum(o.orders for o in outcomes if o.status == "missing_in_ga4")
    found = sum(o.purchases for o in outcomes if o.status in FOUND)
    expected = found + sum(o.purchases for o in outcomes if o.status == "missing_in_backend")
    repeats = everything.purchase_events - everything.purchases
    return (
        f"GA4 reported {counted(everything.purchases, 'purchase')} in {counted(everything.purchase_events, 'event')} "
        f"({counted(repeats, 'repeat')} of one already counted), "
        f"the backend holds {counted(everything.orders, 'order')}. "
        f"Of {counted(eligible, 'eligible order')} GA4 knows {number(orders)} ({percent(ratio(orders, eligible))}); "
        f"of {counted(expected, 'purchase')} that should have an order {number(found)} have one "
        f"({percent(ratio(found, expected))})."
    )


def export_sentences(figures: Figures) -> tuple[str, ...]:
    """Which days the export lacks, which are empty, which only an earlier load brought, which have other columns."""
    days = figures.export_days
    if not days:
        return ("No day of the GA4 export was loaded.",)
    missing = [d.day for d in days if not d.is_held]
    kept = [d.day for d in days if d.status == "missing" and d.is_held]
    empty = [d.day for d in days if d.status != "missing" and not d.events]
    casts = usual_casts(days)
    drifted = [d.day for d in days if d.has_drifted(casts)]
    asked = counted(len(days), "day")
    told = []
    if missing:
        told.append(
            f"The GA4 export lacks {number(len(missing))} of {asked}: {listed(missing)}. "
            "What happened on them is unknown, not zero."
        )
    else:
        told.append(
            f"No day is missing: GA4 delivered {'the one day' if len(days) == 1 else f'all {asked}'} asked for."
        )
    if open_days := [d.day for d in days if not d.is_final]:
        told.append(f"Google may still change {counted(len(open_days), 'day')}: {listed(open_days)}.")
    if kept:
        told.append(f"The export no longer holds {listed(kept)}: shown as an earlier load brought {_them(kept)}.")
    if empty:
        told.append(f"{listed(empty)} {_were(empty)} delivered without an event: nothing was recorded.")
    if drifted:
        told.append(f"On {listed(drifted)} the export had other columns than expected, named below the table.")
    if casts:
        told.append(
            f"Every day delivered {counted(len(casts), 'column')} in another type than the warehouse keeps; they were "
            "cast, and are named below the table."
        )
    return tuple(told)


def _them(days: list[date]) -> str:
    return "it" if len(days) == 1 else "them"


def _were(days: list[date]) -> str:
    return "was" if len(days) == 1 else "were"
