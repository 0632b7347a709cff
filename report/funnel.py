"""The funnel: its drawing, its slices by device and channel, and how much the way of counting matters."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from report import meanings
from report.drawing import Chart, Drawing, Shape, chart, rect, text
from report.words import counted, duration, number, percent, precise

# A slice of fewer sessions shows counts and no rate: one purchase more would move it by points.
FEWEST = 30


@dataclass(frozen=True)
class FunnelRow:
    """A row of rpt_funnel. Shares are 0 to 1, the median is in seconds."""

    population: str
    method: str
    dimension: str
    slice: str
    step_order: int
    step_name: str
    sessions: int
    entered_sessions: int
    share: float | None
    share_of_previous: float | None
    median_seconds_from_previous: float | None
    affected_days: int  # on which the step was not recorded as it should have been


@dataclass(frozen=True)
class Slice:
    """A device or a channel: sessions, and the share of them that reached a step; None where they are too few."""

    name: str
    sessions: int
    carts: int
    purchases: int
    cart_share: Decimal | None
    purchase_share: Decimal | None


@dataclass(frozen=True)
class Counting:
    """One way of counting the funnel: sessions of each step, in their order."""

    population: str
    method: str
    sessions: tuple[int, ...]


def everyone(rows: Sequence[FunnelRow]) -> list[FunnelRow]:
    """The funnel that the page draws: everyone, each step reached in whatever order."""
    return [r for r in rows if (r.population, r.method, r.dimension) == ("everyone", "any", "all")]


def slices(rows: Sequence[FunnelRow], dimension: str) -> tuple[Slice, ...]:
    """The slices of a dimension, the largest first."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if (row.population, row.method, row.dimension) == ("everyone", "any", dimension):
            found.setdefault(row.slice, {})[row.step_name] = row.sessions
    made = []
    for name, steps in found.items():
        sessions, carts, purchases = (steps.get(s, 0) for s in ("sessions", "add_to_cart", "purchase"))
        is_enough = sessions >= FEWEST
        made.append(
            Slice(
                name,
                sessions,
                carts,
                purchases,
                Decimal(carts) / sessions if is_enough else None,
                Decimal(purchases) / sessions if is_enough else None,
            )
        )
    return tuple(sorted(made, key=lambda s: (-s.sessions, s.name)))


def countings(rows: Sequence[FunnelRow]) -> tuple[Counting, ...]:
    """Every way of counting over all sessions, in the order in which the mart's description names them."""
    found: dict[tuple[str, str], list[FunnelRow]] = {}
    for row in rows:
        if row.dimension == "all":
            found.setdefault((row.population, row.method), []).append(row)
    order = list(meanings.METHOD)
    return tuple(
        Counting(population, method, tuple(r.sessions for r in sorted(those, key=lambda r: r.step_order)))
        for (population, method), those in sorted(
            found.items(), key=lambda f: (f[0][0] != "everyone", order.index(f[0][1]) if f[0][1] in order else 9)
        )
    )


def slice_sentence(kind: str, found: tuple[Slice, ...]) -> str:
    """Which slice buys most often and which least, among those with enough sessions."""
    judged = [s for s in found if s.purchase_share is not None]
    if len(judged) < 2:
        return f"There are not two {kind}s with {FEWEST} sessions or more to compare."
    best = max(judged, key=lambda s: (s.purchase_share or 0, s.name))
    worst = min(judged, key=lambda s: (s.purchase_share or 0, s.name))
    if best.purchase_share == worst.purchase_share:
        return f"Every {kind} with enough sessions has the same purchase rate, {precise(best.purchase_share)}."
    return (
        f"By {kind}, {best.name} purchases most often ({precise(best.purchase_share)} of "
        f"{counted(best.sessions, 'session')}), {worst.name} least ({precise(worst.purchase_share)} of "
        f"{counted(worst.sessions, 'session')})."
    )


def tracking_sentence(rows: Sequence[FunnelRow]) -> str:
    """Which steps are too low because their tracking failed; empty when none is."""
    low = [r for r in everyone(rows) if r.affected_days]
    return " ".join(
        f"“{meanings.STEP[r.step_name]}” is too low: tracking failed on {counted(r.affected_days, 'day')}, "
        "see “Tracking health”."
        for r in low
    )


def funnel_chart(rows: Sequence[FunnelRow]) -> Chart | None:
    """Bars of the steps with what continues between them; None without a session."""
    steps = everyone(rows)
    if not steps or not steps[0].sessions:
        return None
    words = "; ".join(
        f"{meanings.STEP[s.step_name]} {number(s.sessions)} ({precise(_share(s.sessions, steps[0].sessions))})"
        for s in steps
    )
    return chart("funnel-drawing", "Sessions that reached each step", f"{words}.", lambda width: _draw(steps, width))


def _draw(steps: list[FunnelRow], width: int) -> Drawing:
    is_wide = width > 700
    left, bar_height = (190.0, 26) if is_wide else (0.0, 18)
    room = width - left - (190 if is_wide else 0)
    pitch = 62 if is_wide else 74
    whole = steps[0].sessions
    _, worst = _largest_drop(steps)
    shapes: list[Shape] = []
    for n, step in enumerate(steps):
        y = n * pitch + (4 if is_wide else 22)
        length = room * step.sessions / whole if step.sessions <= whole else room
        previous = steps[n - 1].sessions if n else whole
        if n and previous > step.sessions:
            shapes.append(rect(left, y, room * previous / whole, bar_height, "ghost"))
        shapes.append(
            rect(
                left,
                y,
                max(length, 1 if step.sessions else 0),
                bar_height,
                "good" if step.step_name == "confirmed" else "bar",
            )
        )
        name = meanings.STEP[step.step_name]
        told = f"{number(step.sessions)} · {precise(_share(step.sessions, whole))}"
        if is_wide:
            shapes.append(text(left - 12, y + 18, name, "name", "end"))
            shapes.append(text(left + max(length, room * previous / whole if n else 0) + 10, y + 18, told, "value"))
        else:
            shapes += [text(0, y - 6, name, "name"), text(width, y - 6, told, "value", "end")]
        if n + 1 < len(steps):
            between = _between(step, steps[n + 1])
            is_worst = worst is steps[n + 1]
            mark = "▼ " if is_worst else "↓ "
            tail = " · largest drop" if is_worst else ""
            shapes.append(
                text(
                    left + 2,
                    y + bar_height + (21 if is_wide else 20),
                    f"{mark}{between}{tail}",
                    "bad-words" if is_worst else "soft",
                )
            )
    return Drawing(width, (len(steps) - 1) * pitch + bar_height + (10 if is_wide else 28), tuple(shapes))


def _between(step: FunnelRow, later: FunnelRow) -> str:
    """What happens between a step and the next."""
    if later.sessions > step.sessions:
        return f"{number(later.sessions - step.sessions)} more than the step before recorded"
    parts = [
        f"{percent(_share(later.sessions, step.sessions))} continue",
        f"{number(step.sessions - later.sessions)} drop off",
    ]
    if later.median_seconds_from_previous is not None and later.step_name != "confirmed":
        parts.append(f"median {duration(later.median_seconds_from_previous)}")
    return " · ".join(parts)


def _largest_drop(steps: list[FunnelRow]) -> tuple[FunnelRow | None, FunnelRow | None]:
    pairs = [(a, b) for a, b in pairwise(steps) if a.sessions > b.sessions]
    return max(pairs, key=lambda pair: pair[0].sessions - pair[1].sessions) if pairs else (None, None)


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / Decimal(whole) if whole else None
