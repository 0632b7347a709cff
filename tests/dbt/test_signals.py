"""What the rows say about themselves: robots, lost tags, the bounds of the funnel, the causes of gaps."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from journey.settings import Settings
from tests.dbt.models import Models, compile_models

Row = dict[str, Any]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NOON = datetime(2020, 11, 2, 12, tzinfo=UTC)
STEPS = ("view_item", "add_to_cart", "begin_checkout", "purchase")


@pytest.fixture(scope="module")
def models(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The four models, compiled."""
    settings = services.model_copy(update={"dataset_prefix": "signals_"})
    names = ("int_sessions", "rpt_funnel", "rpt_tracking_health", "rpt_gap_causes")
    return compile_models(settings, tmp_path_factory.mktemp("signals"), *names)


# --- robots


VISITS = st.lists(
    st.tuples(
        st.sampled_from(["six", "sixty", "some"]),  # the way through the shop
        st.sampled_from([1, 5, 6, 20, 60]),  # pages
        st.sampled_from([0, 1, 30]),  # scrolls
        st.sampled_from([0, 400, 9_000]),  # milliseconds a page
        st.booleans(),  # buys
    ),
    min_size=1,
    max_size=40,
)
# However scripted the others look: five browsers on one way without a scroll, and a page a moment.
SCRIPTS = [("six", 6, 0, 9_000, False)] * 5 + [("sixty", 60, 0, 0, False), ("some", 20, 30, 9_000, False)]


@given(visits=VISITS)
@hypothesis_settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_session_with_a_purchase_is_ever_a_robots(
    models: Models, visits: list[tuple[str, int, int, int, bool]]
) -> None:
    visits = [*SCRIPTS, *((*script[:4], True) for script in SCRIPTS), *visits]
    sessions = {row["user_pseudo_id"]: row for row in models.ask("int_sessions", stg_events=_events(visits))}
    assert len(sessions) == len(visits)
    for number, (*_, buys) in enumerate(visits):
        session = sessions[f"browser{number}"]
        assert session["is_robot"] == (session["robot_rule"] is not None)
        assert (session["purchase_at"] is not None) == buys
        assert not (buys and session["is_robot"])
    rules = [sessions[f"browser{number}"]["robot_rule"] for number in range(len(SCRIPTS))]
    assert rules[-2:] == ["page_a_second", None]


def _events(visits: list[tuple[str, int, int, int, bool]]) -> list[Row]:
    events = []
    for number, (way, pages, scrolls, milliseconds, buys) in enumerate(visits):
        kinds = ["page_view"] * pages + ["scroll"] * scrolls + ["purchase"] * buys
        for place, kind in enumerate(kinds):
            at = NOON + timedelta(milliseconds=milliseconds * min(place, pages - 1))
            events.append(
                {
                    "user_pseudo_id": f"browser{number}",
                    "ga_session_id": 1,
                    "event_name": kind,
                    "occurred_at": at.isoformat(),
                    "page_location": f"https://shop.example/{way}/{place}",
                }
            )
    return events


# --- tracking health


@pytest.mark.parametrize("seed", range(3))
def test_exactly_the_days_that_lost_a_tag_are_flagged_and_a_holiday_is_not(models: Models, seed: int) -> None:
    rng = random.Random(seed)
    days = [NOON.date() + timedelta(days=n) for n in range(24)]
    lost = {(day, rng.choice(STEPS[:3])) for day in rng.sample(days, 3)} | {(day, "add_to_cart") for day in days[4:9]}
    holiday = rng.choice([day for day in days[10:] if day not in {lost_day for lost_day, _ in lost}])
    missing = days[9]
    sessions = [
        session
        for day in days
        if day != missing
        for session in _people(rng, day, 0.25 if day == holiday else rng.uniform(0.8, 1.2), lost)
    ]
    robots = [
        {"session_day": str(day), "is_robot": True, "page_views": 115, "begin_checkout_at": _at(day)} for day in days
    ]
    health = models.ask(
        "rpt_tracking_health",
        stg_export_days=[{"export_day": str(day), "is_held": day != missing} for day in days],
        int_sessions=[*sessions, *robots * 30],
    )
    lost.discard((missing, "add_to_cart"))
    assert {(row["export_day"], row["event_name"]) for row in health if row["is_flagged"]} == {
        (day, event) for day, event in lost if day != missing
    }
    of_day = defaultdict(set)
    for row in health:
        of_day[row["export_day"]].add(row["status"])
    assert of_day[missing] == {"no_data"}
    assert of_day[holiday] <= {"traffic_drop"}
    assert {day for day, found in of_day.items() if "traffic_drop" in found} == {holiday}
    assert {row["status"] for row in health if row["is_flagged"]} == {"outage"}


def _people(rng: random.Random, day: date, traffic: float, lost: set[tuple[date, str]]) -> list[Row]:
    """A day of sessions: a third view an item, a third of these fill a cart, half of these check out, half buy."""
    mood = rng.uniform(0.85, 1.15)
    sessions = []
    for _ in range(round(700 * traffic)):
        depth = next((n for n, share in enumerate((0.33, 0.33, 0.5, 0.5)) if rng.random() > share * mood), 4)
        session: Row = {"session_day": str(day), "is_robot": False, "page_views": 3}
        session |= {f"{step}_at": _at(day) for step in STEPS[:depth] if (day, step) not in lost}
        sessions.append(session)
    return sessions


def _at(day: date) -> str:
    return f"{day}T12:00:00+00:00"


# --- funnel


def test_the_funnel_is_the_one_counted_session_by_session(models: Models) -> None:
    rng = random.Random(7)
    journeys = [_journey(rng, number) for number in range(300)]
    lost = {(NOON.date(), "view_item"), (NOON.date() + timedelta(days=1), "add_to_cart")}
    health = [
        {
            "export_day": str(NOON.date() + timedelta(days=n)),
            "event_name": step,
            "is_flagged": (NOON.date() + timedelta(days=n), step) in lost,
        }
        for n in range(3)
        for step in STEPS
    ]
    found = {
        (row["population"], row["method"], row["dimension"], row["slice"], row["step_order"]): row
        for row in models.ask("rpt_funnel", fct_user_journeys=journeys, rpt_tracking_health=health)
    }
    expected = _funnel(journeys, lost)
    assert found.keys() == expected.keys()
    for key, (sessions, seconds, affected) in expected.items():
        row = found[key]
        assert (row["sessions"], row["affected_sessions"]) == (sessions, affected), key
        assert row["median_seconds_from_previous"] == (median(seconds) if seconds else None), key


def _journey(rng: random.Random, number: int) -> Row:
    started_at = NOON + timedelta(days=rng.randrange(3), seconds=rng.randrange(3600))
    steps = {step: started_at + timedelta(seconds=rng.randrange(90)) for step in STEPS if rng.random() < 0.5}
    return {
        "session_key": f"browser/{number}",
        "session_day": str(started_at.date()),
        "is_robot": "purchase" not in steps and rng.random() < 0.2,
        "device_category": rng.choice(["mobile", "desktop", None]),
        "channel": rng.choice(["Direct", "Email"]),
        "started_at": started_at.isoformat(),
        "is_purchase_confirmed": "purchase" in steps and rng.random() < 0.8,
        **{f"{step}_at": at.isoformat() for step, at in steps.items()},
    }


def _funnel(journeys: list[Row], lost: set[tuple[date, str]]) -> dict[tuple[Any, ...], tuple[int, list[float], int]]:
    """Key of a row -> its sessions, the seconds of those in order, sessions of the slice on affected days."""
    counted: Counter[tuple[Any, ...]] = Counter()
    affected: Counter[tuple[Any, ...]] = Counter()
    seconds: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for journey in journeys:
        times = [datetime.fromisoformat(t) if (t := journey.get(f"{step}_at")) else None for step in STEPS]
        confirmed = journey["is_purchase_confirmed"]
        has = [True, *(t is not None for t in times), confirmed]
        in_order = [True, times[0] is not None]
        in_order += [bool(a and b and b >= a) for a, b in pairwise(times)] + [confirmed]
        reached = {
            "any": has,
            "closed": [all(has[: n + 1]) for n in range(6)],
            "ordered": [all(in_order[: n + 1]) for n in range(6)],
            "tolerant": [any(has[n:]) for n in range(6)],
        }
        lost_steps = [
            n + 1 for n, step in enumerate(STEPS) if (date.fromisoformat(journey["session_day"]), step) in lost
        ]
        walked = [datetime.fromisoformat(journey["started_at"]), *times]
        for population in ("everyone", "people")[: 1 if journey["is_robot"] else 2]:
            for cut in (
                ("all", "all"),
                ("device_category", journey["device_category"] or "unknown"),
                ("channel", journey["channel"]),
            ):
                for method, steps in reached.items():
                    for n, is_reached in enumerate(steps):
                        key = (population, method, *cut, n + 1)
                        counted[key] += is_reached
                        needs = range(1, n + 1) if method in ("closed", "ordered") else (min(n, 4),)
                        affected[key] += any(step in needs or (n == 5 and step == 4) for step in lost_steps)
                        if is_reached and 1 <= n <= 4:
                            before, after = walked[n - 1], walked[n]
                            if before and after and after >= before:
                                seconds[key].append((after - before).total_seconds())
    return {key: (counted[key], seconds[key], affected[key]) for key in counted}


# --- causes of gaps


def test_chances_are_those_of_exact_arithmetic(models: Models) -> None:
    rng = random.Random(3)
    methods = [f"method{n}" for n in range(25)]
    weights = [1.5**n for n in range(25)]
    orders = [
        _order(
            number, rng.choices(methods, weights)[0], "Peru", rng.random() < 0.2, NOON + timedelta(hours=number % 60)
        )
        for number in range(1800)
    ]
    orders += [_order(9000 + n, "method1", "Peru", True, NOON) for n in range(30)]
    found = [row for row in _causes(models, orders) if row["gap"] == "missing_in_ga4"]
    everywhere, missing = len(orders), sum(order["status"] == "missing_in_ga4" for order in orders)
    assert len(found) > 40
    for row in found:
        n, k = row["rows_at_risk"], row["missing"]
        assert row["p_value"] == pytest.approx(float(_tail(everywhere, missing, n, k)), rel=1e-9, abs=1e-300), row
    testable = [
        r
        for r in found
        if _tail(everywhere, missing, r["rows_at_risk"], min(r["rows_at_risk"], missing)) <= Fraction(1, 100)
    ]
    assert 10 < len(testable) < len(found)
    ranked = sorted(testable, key=lambda row: row["p_value"])
    least = 1.0
    for place, row in reversed(list(enumerate(ranked, 1))):
        least = min(least, row["p_value"] * len(ranked) / place)
        assert row["q_value"] == pytest.approx(least, rel=1e-9)
    assert {id(row) for row in found if row["q_value"] is None} == {id(r) for r in found} - {id(r) for r in testable}


def _tail(everywhere: int, missing: int, n: int, k: int) -> Fraction:
    ways = sum(math.comb(n, x) * math.comb(everywhere - n, missing - x) for x in range(k, min(n, missing) + 1))
    return Fraction(ways, math.comb(everywhere, missing))


@pytest.mark.parametrize("seed", range(5))
def test_a_redirect_payment_that_loses_orders_is_found_and_nothing_else(models: Models, seed: int) -> None:
    causes = [row for row in _causes(models, *_shop(seed, redirect=0.35)) if row["is_cause"]]
    assert {(row["gap"], row["dimension"]) for row in causes} == {("missing_in_ga4", "payment_method")}
    assert {row["slice"] for row in causes} <= {"klarna", "ideal"}


@pytest.mark.parametrize("seed", range(5))
def test_a_gap_spread_evenly_has_no_cause(models: Models, seed: int) -> None:
    rows = _causes(models, *_shop(seed, redirect=0.06))
    assert {row["gap"] for row in rows} == {"missing_in_ga4", "missing_in_backend"}
    assert [row for row in rows if row["is_cause"]] == []


def _causes(
    models: Models, orders: list[Row], purchases: list[Row] | None = None, sessions: list[Row] | None = None
) -> list[Row]:
    countries = [{"user_id": n, "country": country} for n, country in enumerate(COUNTRIES)]
    return models.ask(
        "rpt_gap_causes",
        fct_reconciliation=[*orders, *(purchases or [])],
        stg_users=countries,
        int_sessions=sessions or [],
    )


COUNTRIES = ("Peru", "Spain", "Chile", "India", "Ghana", "Malta", "Japan", "Kenya", "Italy", "Netherlands")


def _order(number: int, payment_method: str, country: str, is_missing: bool, ordered_at: datetime) -> Row:
    return {
        "reconciliation_key": f"order/{number}",
        "status": "missing_in_ga4" if is_missing else "matched",
        "order_id": number,
        "user_id": COUNTRIES.index(country),
        "purchase_events": 0,
        "payment_method": payment_method,
        "ordered_at": ordered_at.isoformat(),
    }


def _shop(seed: int, redirect: float) -> tuple[list[Row], list[Row], list[Row]]:
    """Orders of a month, purchases, and the sessions of these.

    Of the orders 6 % are missing in GA4, of those by redirect payment (12 %, most of them Dutch) the share `redirect`.
    Of the purchases 17 % are missing in the backend.
    """
    rng = random.Random(seed)
    orders, purchases, sessions = [], [], []
    for number in range(400):
        at = NOON + timedelta(hours=rng.randrange(30 * 24))
        method = rng.choices(("card", "paypal", "gift_card", "klarna", "ideal"), (0.62, 0.2, 0.06, 0.07, 0.05))[0]
        is_redirect = method in ("klarna", "ideal")
        country = "Netherlands" if is_redirect and rng.random() < 0.8 else rng.choice(COUNTRIES)
        orders.append(_order(number, method, country, rng.random() < (redirect if is_redirect else 0.06), at))
        sessions.append(
            {
                "session_key": f"browser/{number}",
                "purchase_at": at.isoformat(),
                "device_category": rng.choice(("mobile", "desktop")),
                "browser": rng.choice(("Chrome", "Safari", "Firefox")),
                "country": rng.choice(COUNTRIES),
            }
        )
        purchases.append(
            {
                "reconciliation_key": f"id/{number}",
                "status": "missing_in_backend" if rng.random() < 0.17 else "matched",
                "session_key": f"browser/{number}",
                "purchase_events": 1,
                "purchased_at": at.isoformat(),
            }
        )
    return orders, purchases, sessions
