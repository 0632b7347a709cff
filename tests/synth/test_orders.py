"""The made-up shop as rows, before any database: whatever GA4 saw, the rows hold together and stay what they were."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from synth.answer_key import TOLERANCE, expected, tell, truth_tables
from synth.customers import Customers, make_customers
from synth.gaps import CONCENTRATED, UNIFORM, Kind, Unseen, until_midnight
from synth.keyed import Dice
from synth.orders import REDIRECT_METHODS, Order, make_orders, priced
from synth.seen import Line, Purchase, Visitor
from synth.tables import shop_tables

START = datetime(2020, 11, 1, tzinfo=UTC)
LATER = datetime(2021, 6, 1, tzinfo=UTC)
DICE = st.builds(Dice, st.integers(0, 2**32 - 1))
FEW = settings(deadline=None, max_examples=40)  # each makes a shop
MONEY = st.decimals(0, 5000, places=2)
LINES = st.lists(
    st.builds(
        Line,
        item_id=st.sampled_from("abcdef"),
        item_name=st.just("Tee"),
        item_category=st.sampled_from((None, "Apparel")),
        quantity=st.integers(1, 20),
        price=st.decimals(0, 500, places=2),
        weight=MONEY,
    ),
    max_size=5,
).map(tuple)


@st.composite
def purchases(draw: st.DrawFn) -> tuple[Purchase, ...]:
    """Purchases in order of time, some without an id, an amount, a browser or items; ids and moments differ."""
    made: list[Purchase] = []
    moment = START
    for number in range(draw(st.integers(1, 30))):
        moment += timedelta(seconds=draw(st.integers(1, 20_000)), microseconds=draw(st.integers(0, 999_999)))
        made.append(
            Purchase(
                transaction_id=draw(st.sampled_from((None, *[f"{1000 + number}"] * 8))),
                user_pseudo_id=draw(st.sampled_from((None, "1.1", "2.2", "3.3", *(f"{number}.{n}" for n in range(5))))),
                purchased_at=moment,
                country=draw(st.sampled_from((None, "Canada", "India"))),
                value=draw(st.none() | MONEY),
                tax=draw(st.none() | st.decimals(0, 50, places=2)),
                lines=draw(LINES),
            )
        )
    return tuple(made)


def visitors_of(seen: Sequence[Purchase]) -> tuple[Visitor, ...]:
    """Every browser an hour before its first purchase, and a hundred that only looked."""
    first = {p.user_pseudo_id: p for p in reversed(seen) if p.user_pseudo_id}
    buyers = [Visitor(name, p.purchased_at - timedelta(hours=1), p.country) for name, p in first.items()]
    return tuple(buyers) + tuple(Visitor(f"looked.{n}", START + timedelta(minutes=n), "France") for n in range(100))


def make(dice: Dice, seen: Sequence[Purchase], rate: float = 0.175) -> tuple[Customers, list[Order]]:
    """The whole shop of these purchases."""
    customers = make_customers(dice, seen, visitors_of(seen))
    return customers, make_orders(dice, rate, seen, customers)


@given(DICE, purchases())
@FEW
def test_every_order_adds_up_to_the_cent(dice: Dice, seen: tuple[Purchase, ...]) -> None:
    for order in make(dice, seen)[1]:
        amounts = order.amounts
        assert amounts.total == amounts.subtotal - amounts.discount + amounts.shipping + amounts.tax
        assert amounts.subtotal == sum(line.line_total for line in order.lines)
        assert min(amounts.subtotal, amounts.discount, amounts.shipping, amounts.tax, amounts.total) >= 0
        assert all(line.line_total >= 0 and line.quantity > 0 for line in order.lines)
        assert all(0 <= change.refunded <= amounts.total for change in order.history)


@given(DICE, purchases())
@FEW
def test_an_untouched_order_is_what_the_page_reported(dice: Dice, seen: tuple[Purchase, ...]) -> None:
    by_id = {p.transaction_id: p for p in seen if p.transaction_id}
    for order in make(dice, seen)[1]:
        if order.has_ga4_id:
            assert order.true_total == (by_id[order.transaction_id].value or 0)
        if order.has_ga4_id and order.gap in (Kind.NONE, Kind.LATE, Kind.DAY_BOUNDARY, Kind.TEST_ORDER):
            assert order.amounts.total == order.true_total
            assert not order.amounts.shipping + order.amounts.discount
            assert order.amounts.currency == "USD"


@given(DICE, purchases())
@FEW
def test_every_purchase_has_one_order_and_the_rate_of_each_kind_is_dropped(
    dice: Dice, seen: tuple[Purchase, ...]
) -> None:
    orders = make(dice, seen)[1]
    with_id = [order for order in orders if order.has_ga4_id]
    assert [order.transaction_id for order in with_id] == [p.transaction_id for p in seen if p.transaction_id]
    without_id = [order for order in orders if order.has_ga4_purchase and not order.has_ga4_id]
    assert [o.purchased_at for o in without_id] == [p.purchased_at for p in seen if not p.transaction_id]
    for kind in (with_id, without_id):
        assert abs(sum(order.gap == Kind.DROPPED for order in kind) - 0.175 * len(kind)) <= 1
    assert all(order.has_ga4_purchase for order in orders if order.gap == Kind.DROPPED)
    assert len({order.order_id for order in orders}) == len({order.transaction_id for order in orders}) == len(orders)


@given(DICE, purchases())
@FEW
def test_orders_follow_their_purchase_and_users_come_before_it(dice: Dice, seen: tuple[Purchase, ...]) -> None:
    customers, orders = make(dice, seen)
    times = {p.transaction_id: p.purchased_at for p in seen if p.transaction_id}
    for order in orders:
        assert order.user.created_at <= order.created_at
        assert [change.at for change in order.history] == sorted(change.at for change in order.history)
        if order.has_ga4_id:
            delay = order.created_at - times[order.transaction_id]
            longest = timedelta(hours=60) if order.gap == Kind.LATE else timedelta(hours=2.5)
            assert timedelta(0) < delay <= longest
            crosses = delay >= until_midnight(times[order.transaction_id])
            assert crosses == (order.gap == Kind.DAY_BOUNDARY) or order.gap not in (Kind.NONE, Kind.DAY_BOUNDARY)
    for purchase in seen:
        assert customers.buyers[purchase.key].created_at < purchase.purchased_at


@given(DICE, purchases())
@FEW
def test_users_and_browsers_are_told_apart(dice: Dice, seen: tuple[Purchase, ...]) -> None:
    customers, orders = make(dice, seen)
    users = {user.user_id: user for user in customers.users}
    assert len(users) == len(customers.users) == len({user.email for user in customers.users})
    assert {order.user.user_id for order in orders} <= users.keys()
    assert {edge.user_id for edge in customers.edges} <= users.keys()
    edges = {(edge.user_pseudo_id, edge.user_id) for edge in customers.edges}
    assert len(edges) == len(customers.edges)
    assert {(o.user_pseudo_id, o.user.user_id) for o in orders if o.user_pseudo_id} <= edges
    own = [edge.user_pseudo_id for edge in customers.edges if edge.kind == "own"]
    assert len(own) == len(set(own))


@given(DICE, purchases(), st.integers(0, 30))
@FEW
def test_a_longer_window_adds_rows_and_changes_none(dice: Dice, seen: tuple[Purchase, ...], cut: int) -> None:
    shorter = seen[: max(cut % len(seen), 1)]
    visitors = visitors_of(seen)  # of whom some have yet to buy
    few, many = rows_of(dice, shorter, visitors), rows_of(dice, seen, visitors)
    for name, rows in few.items():
        assert rows <= many[name], name


def rows_of(dice: Dice, seen: tuple[Purchase, ...], visitors: tuple[Visitor, ...]) -> dict[str, set[str]]:
    """Every table's rows as text."""
    customers = make_customers(dice, seen, visitors)
    orders = make_orders(dice, 0.175, seen, customers)
    tables = shop_tables(customers.users, orders, LATER) | {
        "truth": truth_tables(orders, customers, LATER)["true_orders"]
    }
    return {name: set(map(str, table.to_pylist())) for name, table in tables.items()}


@given(DICE, purchases(), st.integers(0, 60 * 24 * 30))
@FEW
def test_the_shop_of_a_moment_is_the_later_shop_without_what_came_after(
    dice: Dice, seen: tuple[Purchase, ...], minutes: int
) -> None:
    now = START + timedelta(minutes=minutes)
    customers, orders = make(dice, seen)
    then, later = (shop_tables(customers.users, orders, moment) for moment in (now, LATER))
    finally_known = {row["order_id"]: row for row in later["orders"].to_pylist()}
    for row in then["orders"].to_pylist():
        assert row["created_at"] <= row["updated_at"] < now
        assert row["refunded"] in (0, finally_known[row["order_id"]]["refunded"])
        if row["updated_at"] == finally_known[row["order_id"]]["updated_at"]:
            assert row == finally_known[row["order_id"]]
    expected_ids = {i for i, row in finally_known.items() if row["created_at"] < now}
    assert {row["order_id"] for row in then["orders"].to_pylist()} == expected_ids
    users = {row["user_id"] for row in then["users"].to_pylist()}
    assert {row["user_id"] for row in then["orders"].to_pylist()} <= users
    assert all(row["updated_at"] < now for row in then["users"].to_pylist())


@given(DICE, purchases(), st.integers(0, 60 * 24 * 30))
@FEW
def test_the_answer_key_says_what_the_rows_show(dice: Dice, seen: tuple[Purchase, ...], minutes: int) -> None:
    now = START + timedelta(minutes=minutes)
    customers, orders = make(dice, seen)
    stored = {row["order_id"]: row for row in shop_tables(customers.users, orders, now)["orders"].to_pylist()}
    truth = truth_tables(orders, customers, now)
    for row in truth["true_orders"].to_pylist():
        there = stored.pop(row["order_id"], None)
        assert (there is None) == (row["booked_revenue"] is None)
        assert (row["expected_status"] == "missing_in_backend") == (row["is_dropped"] and row["has_ga4_id"])
        assert row["has_ga4_purchase"] == (row["purchased_at"] is not None)
        assert not row["is_decidable"] or (row["has_ga4_purchase"] and not row["has_ga4_id"] and there)
        if there:
            assert row["booked_revenue"] == there["total"] - there["refunded"]
            assert row["true_total"] + row["amount_change"] == row["booked_revenue"]
            excluded = there["is_test"] or there["status"] in ("cancelled", "refunded")
            assert (row["expected_status"] == "excluded") == excluded
            if row["has_ga4_id"] and not excluded:
                differs = abs(row["amount_change"]) > TOLERANCE
                assert row["expected_status"] == ("amount_mismatch" if differs else "matched")
        else:
            assert row["expected_status"] in ("missing_in_backend", "awaiting") or not row["has_ga4_id"]
    assert not stored


def test_all_reasons_occur_in_a_large_shop_and_each_is_what_it_says() -> None:
    bill = (Decimal("31.40"), Decimal("2.40"))
    seen = tuple(
        Purchase(f"{n}" if n % 25 else None, f"{n % 2500}.1", START + timedelta(minutes=n * 7), "Canada", *bill)
        for n in range(4000)
    )
    customers, orders = make(Dice(42), seen)
    by_gap = {kind: [order for order in orders if order.gap == kind] for kind in Kind}
    assert not [k for k, made in by_gap.items() if not made and k not in (Kind.SECOND_DEVICE, Kind.SHARED_DEVICE)]
    assert {edge.kind for edge in customers.edges} == {"own", Kind.SECOND_DEVICE, Kind.SHARED_DEVICE}
    assert {order.gap_detail for order in by_gap[Kind.NEVER_IN_GA4]} == {
        "ad_blocker",
        "consent_denied",
        "redirect_payment",
    }
    for order in by_gap[Kind.NEVER_IN_GA4]:
        assert (order.gap_detail != "redirect_payment") or order.payment_method in ("klarna", "ideal")
        assert (order.gap_detail == "redirect_payment") == any(e.user_id == order.user.user_id for e in customers.edges)
    assert {order.gap_detail for order in by_gap[Kind.NO_TRANSACTION_ID]} == {"value left"}
    for order in by_gap[Kind.CURRENCY]:
        assert order.amounts.currency == "EUR"
        assert order.amounts.total == round(order.true_total * order.amounts.exchange_rate, 2)
    for kind, status in (
        (Kind.CANCELLED, "cancelled"),
        (Kind.REFUNDED, "refunded"),
        (Kind.PARTIAL_REFUND, "partially_refunded"),
    ):
        assert {order.history[-1].status for order in by_gap[kind]} == {status}
    statuses = {expected(order, LATER)[0] for order in orders}
    assert statuses == {"matched", "amount_mismatch", "missing_in_backend", "missing_in_ga4", "excluded"}


def test_a_match_without_an_id_is_decidable_for_one_order_of_one_person_alone() -> None:
    bill = (Decimal("31.40"), Decimal("2.40"))

    def told(*without_id: tuple[str, int], shared: Sequence[tuple[str, int]] = ()) -> int:
        """Of purchases without an id, each of a browser at a minute, and Ada's with one: how many are decidable."""
        seen = (
            Purchase("1", "ada", START, "Canada", *bill),
            *(Purchase(None, browser, START + timedelta(minutes=n), "Canada", None, None) for browser, n in without_id),
        )
        customers = make_customers(Dice(42), seen, ())
        orders = make_orders(Dice(42), 0.0, seen, customers, Unseen(0, {"ad_blocker": 1}))
        ada = ("ada", customers.buyers["1"].user_id)
        found = tell(orders, {ada, *shared}, LATER)
        assert found.decidable <= found.candidates <= {o.order_id for o in orders if not o.has_ga4_id}
        return len(found.decidable)

    assert told(("ada", 200)) == 1
    assert told(("ada", 200), ("ada", 400)) == 2
    assert told(("ada", 200), ("ada", 230)) == 0  # either may be the other's
    assert told(("bob", 200)) == 0  # nobody knows whose that browser is
    assert told(("ada", 200), shared=[("ada", 5)]) == 0
    assert told(("ada", 200), shared=[("phone", 5)]) == 1


def test_two_people_share_a_browser_and_one_person_has_two() -> None:
    seen = tuple(
        Purchase(f"{n}", f"{n % 700}.1", START + timedelta(hours=n), "Canada", Decimal(20), None) for n in range(2800)
    )
    customers, orders = make(Dice(7), seen)
    users_of = {
        browser: {o.user.user_id for o in orders if o.user_pseudo_id == browser}
        for browser in {o.user_pseudo_id for o in orders}
    }
    browsers_of = {
        user.user_id: {o.user_pseudo_id for o in orders if o.user == user and o.has_ga4_id} for user in customers.users
    }
    shared = {edge.user_pseudo_id for edge in customers.edges if edge.kind == Kind.SHARED_DEVICE}
    second = {edge.user_id for edge in customers.edges if edge.kind == Kind.SECOND_DEVICE}
    assert shared
    assert {browser for browser, users in users_of.items() if browser and len(users) > 1} <= shared
    assert any(len(users_of[browser]) > 1 for browser in shared)
    assert second
    assert all(len(browsers_of[user]) > 1 for user in second)


def test_orders_that_ga4_never_saw_crowd_where_payments_redirect_or_nowhere_as_asked() -> None:
    seen = tuple(
        Purchase(f"{n}", f"{n}.1", START + timedelta(minutes=n * 7), "Canada", Decimal(20), None) for n in range(3000)
    )

    def rates(unseen: Unseen) -> list[float]:
        """Of orders by redirect, and by other payments: the share that GA4 never saw."""
        customers = make_customers(Dice(42), seen, ())
        orders = make_orders(Dice(42), 0.0, seen, customers, unseen)
        return [
            sum(not order.has_ga4_purchase for order in some) / len(some)
            for some in (
                [order for order in orders if order.payment_method in REDIRECT_METHODS],
                [order for order in orders if order.payment_method not in REDIRECT_METHODS],
            )
        ]

    redirected, others = rates(CONCENTRATED)
    assert redirected > 5 * others
    redirected, others = rates(UNIFORM)
    assert abs(redirected - others) < 0.03


@given(LINES.filter(len), MONEY)
def test_line_totals_sum_to_the_subtotal_whatever_the_weights(basket: tuple[Line, ...], subtotal: Decimal) -> None:
    lines = priced(basket, subtotal)
    assert sum(line.line_total for line in lines) == subtotal
    assert [line.quantity for line in lines] == [line.quantity for line in basket]
    assert all(abs(line.unit_price * line.quantity - line.line_total) <= Decimal("0.001") for line in lines)


def test_a_basket_of_free_things_is_priced_evenly() -> None:
    free = Line("a", "Sticker", None, 1, Decimal(0), Decimal(0))
    assert [line.line_total for line in priced((free, replace(free, item_id="b")), Decimal("3.01"))] == [
        Decimal("1.51"),
        Decimal("1.50"),
    ]
