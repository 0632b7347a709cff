"""The page before it is laid out: every figure chosen, every sentence computed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from journey.settings import Settings
from report import daily, meanings
from report.agreement import Check, agree
from report.figures import STATUSES, ClosingFigures, Figures, Outcome, Step, added, close, ratio
from report.sentences import export_sentences, funnel_sentence, mix_sentence, reconciliation_sentence
from report.verdict import Card, Level, cards, verdict
from report.words import counted, moment, percent, span

TITLE = "Customer journey: GA4 against the backend"


@dataclass(frozen=True)
class Group:
    """A status: its outcomes by reason, and their sum."""

    status: str
    outcomes: tuple[Outcome, ...]
    sum: Outcome

    @property
    def name(self) -> str:
        """The status in words."""
        return meanings.STATUS[self.status][0]

    @property
    def meaning(self) -> str:
        """The status in one sentence."""
        return meanings.STATUS[self.status][1]


@dataclass(frozen=True)
class Drift:
    """Days whose export had the same unexpected columns."""

    days: tuple[date, ...]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    retyped: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """A piece of the bar that shows the statuses side by side, in thousandths of its width."""

    status: str
    x: str
    width: str


@dataclass(frozen=True)
class Page:
    """What template.html.j2 shows."""

    title: str
    currency: str
    facts: tuple[tuple[str, str], ...]
    level: Level
    verdict: str
    cards: tuple[Card, ...]
    closing: ClosingFigures
    funnel: tuple[Step, ...]
    funnel_sentence: str
    groups: tuple[Group, ...]
    all: Outcome
    reconciliation_sentence: str
    mix: tuple[Piece, ...]
    mix_words: str
    table: tuple[daily.Line, ...]
    events: int
    export_sentences: tuple[str, ...]
    drift: tuple[Drift, ...]
    checks: tuple[Check, ...]  # of totals; those of single days are only counted
    checks_made: int
    marts: str


def view(settings: Settings, figures: Figures) -> Page:
    """The page of these figures.

    Raises: BadInput, when the marts disagree.
    """
    checks = agree(figures)
    closing = close(figures.funnel, figures.outcomes)
    table = daily.lines(figures)
    currency = figures.currency or "shop currency"
    level, sentence = verdict(figures, closing, table, currency)
    groups = by_status(figures)
    everything = added("all", figures.outcomes)
    return Page(
        title=TITLE,
        currency=currency,
        facts=_facts(settings, figures),
        level=level,
        verdict=sentence,
        cards=cards(closing, currency),
        closing=closing,
        funnel=figures.funnel,
        funnel_sentence=funnel_sentence(figures.funnel),
        groups=groups,
        all=everything,
        reconciliation_sentence=reconciliation_sentence(figures.outcomes, everything),
        mix=_mix(groups),
        mix_words=mix_sentence([(g.name, g.sum.rows) for g in groups]),
        table=table,
        events=sum(e.events for e in figures.export_days),
        export_sentences=export_sentences(figures),
        drift=_drift(figures),
        checks=tuple(c for c in checks if c.is_total),
        checks_made=len(checks),
        marts=settings.dataset("marts"),
    )


def by_status(figures: Figures) -> tuple[Group, ...]:
    """Every status, also those that nothing is in."""
    groups = {status: tuple(o for o in figures.outcomes if o.status == status) for status in STATUSES}
    return tuple(Group(status, outcomes, added(status, outcomes)) for status, outcomes in groups.items())


def _facts(settings: Settings, figures: Figures) -> tuple[tuple[str, str], ...]:
    """The head of the page: what these figures are of."""
    bounds, complete = daily.window(figures), daily.complete_through(figures)
    held = [e.day for e in figures.export_days if e.is_held]
    shown = f"{span(*bounds)}, {counted((bounds[1] - bounds[0]).days + 1, 'day')}" if bounds else "none"
    if settings.window and bounds and (settings.window.start, settings.window.end) != bounds:
        shown += f"; this run asked for {span(settings.window.start, settings.window.end)}"
    through = str(complete) if complete else "no day: the first one is missing"
    if held and complete != max(held):
        through += f"; last day held {max(held)}"
    backend = (
        f"a made-up backend (seed {settings.seed}, {percent(Decimal(str(settings.gap_rate)))} of its orders dropped)"
        if settings.backend == "synthetic"
        else f"PostgreSQL schema {settings.backend_schema}"
    )
    return (
        ("Days shown", shown),
        ("Time zone", f"Days and times are UTC; the shop is in {settings.time_zone}"),
        ("GA4 complete through", f"{through} (UTC)" if held else "nothing was loaded"),
        ("Backend loaded through", _backend_through(figures)),
        ("As of", moment(settings.now)),
        ("Sources", f"{settings.ga4_source} and {backend}"),
    )


def _backend_through(figures: Figures) -> str:
    if figures.backend_loaded_through_at is None:
        return "nothing was loaded"
    return (
        f"{moment(figures.backend_loaded_through_at)}; latest change of an order {moment(figures.backend_changed_at)}"
    )


def _mix(groups: tuple[Group, ...]) -> tuple[Piece, ...]:
    rows = sum(g.sum.rows for g in groups)
    pieces, x = [], Decimal(0)
    for group in groups:
        width = Decimal(1000) * (ratio(group.sum.rows, rows) or 0)
        if width:
            pieces.append(Piece(group.status, f"{x:.2f}", f"{width:.2f}"))
        x += width
    return tuple(pieces)


def _drift(figures: Figures) -> tuple[Drift, ...]:
    kinds: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[date]] = {}
    for export in figures.export_days:
        kind = (export.new_columns, export.missing_columns, export.retyped_columns)
        if any(kind):
            kinds.setdefault(kind, []).append(export.day)
    return tuple(Drift(tuple(days), *kind) for kind, days in kinds.items())
