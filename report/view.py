"""The page before it is laid out: every figure chosen, every sentence computed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from journey.settings import Settings
from report import daily, meanings
from report.agreement import Check, agree
from report.bridge import Line, axis_start, bridge_chart, bridge_sentence, shown
from report.buying_time import buying_chart, buying_sentence
from report.causes import Cause, causes_sentence, foremost
from report.drawing import Chart
from report.figures import STATUSES, ClosingFigures, Figures, Outcome, added, close
from report.funnel import (
    Counting,
    FunnelRow,
    Slice,
    countings,
    everyone,
    funnel_chart,
    slice_sentence,
    slices,
    tracking_sentence,
)
from report.health import Health, Trouble, health_chart, health_sentence, troubles
from report.lanes import Lane, lanes, lanes_chart, lanes_sentence
from report.mix import mix_chart
from report.parts import Difference, Parts
from report.results import Result, failures_sentence, results_sentence
from report.scores import Confusion, Put, Score, scores_sentence
from report.sentences import export_sentences, funnel_sentence, reconciliation_sentence
from report.trend import difference_chart, difference_sentence, rate_chart, rate_sentence
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
class SliceTable:
    """The funnel by one dimension."""

    dimension: str
    name: str
    sentence: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Page:
    """What page.html.j2 shows. A section whose rows are None says that its mart is not there."""

    title: str
    currency: str
    facts: tuple[tuple[str, str], ...]
    level: Level
    verdict: str
    failures: str  # models and tests that did not go well; empty when all did
    cards: tuple[Card, ...]
    closing: ClosingFigures
    funnel: tuple[FunnelRow, ...]
    funnel_sentence: str
    funnel_chart: Chart | None
    slices: tuple[SliceTable, ...]
    countings: tuple[Counting, ...]
    buying_sentence: str
    buying_chart: Chart | None
    groups: tuple[Group, ...]
    all: Outcome
    reconciliation_sentence: str
    mix: Chart | None
    rate_sentence: str
    rate_chart: Chart | None
    difference_sentence: str
    difference_chart: Chart | None
    bridge: tuple[Line, ...] | None
    bridge_sentence: str
    bridge_chart: Chart | None
    bridge_start: Decimal | None
    causes: tuple[Cause, ...] | None
    causes_sentence: str
    health: tuple[Health, ...] | None
    health_sentence: str
    health_chart: Chart | None
    troubles: tuple[Trouble, ...]
    differences: tuple[Difference, ...]
    lanes: tuple[Lane, ...] | None
    lanes_sentence: str
    lanes_chart: Chart | None
    is_made_up: bool
    scores: tuple[Score, ...] | None
    money: tuple[Put, ...] | None
    confusion: tuple[Confusion, ...] | None
    scores_sentence: str
    table: tuple[daily.Line, ...]
    events: int
    export_sentences: tuple[str, ...]
    drift: tuple[Drift, ...]
    results_sentence: str
    tests: tuple[Result, ...] | None
    checks: tuple[Check, ...]  # of totals; those of single days are only counted
    checks_made: int
    row_counts: tuple[tuple[str, int], ...]
    marts: str


def view(settings: Settings, figures: Figures, parts: Parts) -> Page:
    """The page of these figures.

    Raises: BadInput, when the marts disagree.
    """
    checks = agree(figures, parts)
    closing = close(figures.funnel, figures.outcomes)
    table = daily.lines(figures)
    currency = figures.currency or "shop currency"
    level, sentence = verdict(figures, closing, table, currency)
    groups = by_status(figures)
    everything = added("all", figures.outcomes)
    funnel, bins, health = parts.funnel or (), parts.bins or (), parts.health or ()
    found_lanes = None if parts.marks is None else lanes(parts.marks)
    found_troubles = troubles(health)
    return Page(
        title=TITLE,
        currency=currency,
        facts=_facts(settings, figures, parts),
        level=level,
        verdict=sentence,
        failures=failures_sentence(parts.models, parts.tests),
        cards=cards(figures, closing, currency),
        closing=closing,
        funnel=tuple(everyone(funnel)),
        funnel_sentence=f"{funnel_sentence(figures.funnel)} {tracking_sentence(funnel)}".strip(),
        funnel_chart=funnel_chart(funnel),
        slices=tuple(
            SliceTable(dimension, name, slice_sentence(name, found), found)
            for dimension, name in (("device_category", "device"), ("channel", "channel"))
            if (found := slices(funnel, dimension))
        ),
        countings=countings(funnel),
        buying_sentence=buying_sentence(bins),
        buying_chart=buying_chart(bins),
        groups=groups,
        all=everything,
        reconciliation_sentence=reconciliation_sentence(figures.outcomes, everything),
        mix=mix_chart([(g.status, g.name, g.sum.rows) for g in groups]),
        rate_sentence=rate_sentence(figures),
        rate_chart=rate_chart(figures),
        difference_sentence=difference_sentence(figures),
        difference_chart=difference_chart(figures),
        bridge=None if parts.bridge is None else shown(parts.bridge),
        bridge_sentence=bridge_sentence(parts.bridge or (), currency),
        bridge_chart=bridge_chart(parts.bridge or ()),
        bridge_start=axis_start(parts.bridge) if parts.bridge else None,
        causes=None if parts.causes is None else foremost(parts.causes),
        causes_sentence=causes_sentence(parts.causes or ()),
        health=parts.health,
        health_sentence=health_sentence(health, found_troubles),
        health_chart=health_chart(health),
        troubles=found_troubles,
        differences=parts.differences or (),
        lanes=found_lanes,
        lanes_sentence=lanes_sentence(found_lanes or ()),
        lanes_chart=lanes_chart(found_lanes or ()),
        is_made_up=settings.backend == "synthetic" and any((parts.scores, parts.money, parts.confusion)),
        scores=parts.scores,
        money=parts.money,
        confusion=parts.confusion,
        scores_sentence=scores_sentence(parts.scores or (), parts.money or (), parts.confusion or ()),
        table=table,
        events=sum(e.events for e in figures.export_days),
        export_sentences=export_sentences(figures),
        drift=_drift(figures),
        results_sentence=results_sentence(parts.models, parts.tests),
        tests=parts.tests,
        checks=tuple(c for c in checks if c.is_total),
        checks_made=len(checks),
        row_counts=_row_counts(figures, closing, everything, parts),
        marts=settings.dataset("marts"),
    )


def by_status(figures: Figures) -> tuple[Group, ...]:
    """Every status, also those that nothing is in."""
    groups = {status: tuple(o for o in figures.outcomes if o.status == status) for status in STATUSES}
    return tuple(Group(status, outcomes, added(status, outcomes)) for status, outcomes in groups.items())


def _facts(settings: Settings, figures: Figures, parts: Parts) -> tuple[tuple[str, str], ...]:
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
        ("Run", _run(parts)),
        ("Sources", f"{settings.ga4_source} and {backend}"),
    )


def _run(parts: Parts) -> str:
    """dbt's id of the run that built the models."""
    return f"dbt {parts.models[0].invocation_id}" if parts.models else "no word of the run that built the marts"


def _backend_through(figures: Figures) -> str:
    if figures.backend_loaded_through_at is None:
        return "nothing was loaded"
    return (
        f"{moment(figures.backend_loaded_through_at)}; latest change of an order {moment(figures.backend_changed_at)}"
    )


def _row_counts(
    figures: Figures, closing: ClosingFigures, everything: Outcome, parts: Parts
) -> tuple[tuple[str, int], ...]:
    counts = [
        ("Events in the days of the export", sum(e.events for e in figures.export_days)),
        ("Sessions", closing.sessions),
        ("Purchase events", everything.purchase_events),
        ("Purchases", everything.purchases),
        ("Orders", everything.orders),
        ("Rows of the reconciliation", everything.rows),
    ]
    return (*counts, *((("Persons", parts.people[0].people),) if parts.people else ()))


def _drift(figures: Figures) -> tuple[Drift, ...]:
    kinds: dict[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], list[date]] = {}
    for export in figures.export_days:
        kind = (export.new_columns, export.missing_columns, export.retyped_columns)
        if any(kind):
            kinds.setdefault(kind, []).append(export.day)
    return tuple(Drift(tuple(days), *kind) for kind, days in kinds.items())
