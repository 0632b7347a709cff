"""Gaps hold their rates, and what is decided for an order stays decided."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from synth.gaps import GAPS, ORDER_KINDS, RATES, Kind, dropped, order_gap, until_midnight
from synth.keyed import Dice

DICE = st.builds(Dice, st.integers(0, 2**32 - 1))
RATE = st.floats(0, 1, exclude_max=True)
NOON = datetime(2020, 11, 1, 12, tzinfo=UTC)


def test_every_kind_of_gap_is_in_the_table_once_with_a_reason() -> None:
    assert sorted(gap.kind for gap in GAPS) == sorted(set(Kind) - {Kind.NONE, Kind.NO_TRANSACTION_ID})
    assert all(gap.why and 0 < gap.rate < 1 for gap in GAPS)
    assert sum(RATES[kind] for kind in ORDER_KINDS) < 1


@given(DICE, RATE, st.integers(0, 400))
def test_the_dropped_share_is_the_rate_to_within_one_order(dice: Dice, rate: float, count: int) -> None:
    assert abs(sum(dropped(dice, rate, count)) - rate * count) <= 1 + 1e-9


@given(DICE, RATE, st.integers(0, 200), st.integers(0, 200))
def test_any_stretch_of_orders_such_as_a_day_loses_its_share_to_within_two(
    dice: Dice, rate: float, before: int, day: int
) -> None:
    assert abs(sum(dropped(dice, rate, before + day)[before:]) - rate * day) <= 2 + 1e-9


@given(DICE, RATE, st.integers(0, 200), st.integers(0, 200))
def test_later_orders_change_nothing_about_which_earlier_ones_are_dropped(
    dice: Dice, rate: float, earlier: int, later: int
) -> None:
    assert dropped(dice, rate, earlier + later)[:earlier] == dropped(dice, rate, earlier)


def test_a_rate_of_nothing_drops_nothing() -> None:
    assert not any(dropped(Dice(42), 0.0, 1000))


def test_another_seed_drops_other_orders() -> None:
    assert dropped(Dice(1), 0.175, 200) != dropped(Dice(2), 0.175, 200)


def test_each_kind_strikes_about_as_often_as_its_rate_says() -> None:
    count = 20_000
    drawn = [order_gap(Dice(42), str(n), NOON) for n in range(count)]
    for kind in ORDER_KINDS:
        assert abs(drawn.count(kind) / count - RATES[kind]) < 0.005


def test_only_an_evening_order_crosses_midnight() -> None:
    late_evening = datetime(2020, 11, 1, 23, 30, tzinfo=UTC)
    assert any(order_gap(Dice(42), str(n), late_evening) == Kind.DAY_BOUNDARY for n in range(500))
    assert not any(order_gap(Dice(42), str(n), NOON) == Kind.DAY_BOUNDARY for n in range(500))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2022, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  (hypothesis wants bounds without)
def test_the_rest_of_a_day_ends_at_its_midnight(moment: datetime) -> None:
    midnight = moment + until_midnight(moment)
    assert midnight.date() == moment.date() + timedelta(days=1)
    assert midnight.time() == datetime.min.time()


@given(DICE, st.text(), st.integers(-50, 50), st.integers(0, 100))
def test_a_draw_hangs_on_its_names_alone(dice: Dice, name: str, low: int, width: int) -> None:
    assert dice.share(name) == Dice(dice.seed).share(name)
    assert 0 <= dice.share(name) < 1
    assert low <= dice.whole(low, low + width, name) <= low + width
    assert dice.weighted({"a": 1.0, "b": 2.0}, name) in ("a", "b")
    assert dice.weighted({"never": 0.0, "always": 1.0}, name) == "always"
