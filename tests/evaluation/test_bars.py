"""A bar is met by the worst seed, or it is not met."""

from hypothesis import given
from hypothesis import strategies as st

from evaluation.bars import BARS, COST, Bar, Must, judge

SHARE = st.floats(0, 1)


def test_every_figure_has_one_bar() -> None:
    names = [bar.name for bar in (*BARS, COST)]
    assert len(names) == len(set(names))


@given(st.lists(SHARE, min_size=1), SHARE)
def test_one_seed_below_the_bar_misses_it(values: list[float], bar: float) -> None:
    figures = [{"rate": value} for value in values]
    (least,) = judge([Bar("rate", "", Must.AT_LEAST, bar)], figures)
    (most,) = judge([Bar("rate", "", Must.AT_MOST, bar)], figures)
    assert least.is_met == all(value >= bar for value in values)
    assert most.is_met == all(value <= bar for value in values)
    assert (least.worst, most.worst) == (min(values), max(values))


def test_a_figure_that_some_seeds_cannot_judge_is_that_of_the_others_and_of_none_it_is_missed() -> None:
    bar = Bar("rate", "", Must.AT_LEAST, 0.9)
    (some,) = judge([bar], [{"rate": None}, {"rate": 0.95}])
    assert (some.worst, some.judged, some.seeds, some.is_met) == (0.95, 1, 2, True)
    (none,) = judge([bar], [{"rate": None}])
    assert (none.worst, none.is_met) == (None, False)
