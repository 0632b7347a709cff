"""Settings: read in one place, refused in one sentence."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey.errors import BadInput
from journey.settings import Settings, Window, variable_of


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)


WRONG = {
    "JOURNEY_GAP_RATE": ("1", "a share from 0 up to, not including, 1"),
    "JOURNEY_SEED": ("-1", "a whole number"),
    "JOURNEY_START": ("2020-13-01", "a day such as"),
    "JOURNEY_AS_OF": ("soon", "a day or a time"),
    "JOURNEY_BACKEND": ("mysql", "synthetic or existing"),
    "JOURNEY_BACKEND_SCHEMA": ("shop; drop", "the name of a PostgreSQL schema"),
    "JOURNEY_DATASET_PREFIX": ("a-b", "letters, digits and underscores"),
    "JOURNEY_GA4_SOURCE": ("just_a_dataset", "project.dataset"),
    "JOURNEY_TIME_ZONE": ("Mars/Olympus", "an IANA time zone"),
    "BIGQUERY_EMULATOR_HOST": ("localhost:9050", "a URL"),
    "GOOGLE_CLOUD_PROJECT": ("X", "a Google Cloud project id"),
}


@pytest.mark.parametrize("variable", WRONG)
def test_a_wrong_value_is_refused_with_the_variable_the_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    value, allowed = WRONG[variable]
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadInput) as caught:
        Settings.from_environment()
    message = str(caught.value)
    assert message.startswith(f"{variable} is {value!r}")
    assert allowed in message
    assert "\n" not in message


def test_end_before_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_START", "2020-12-31")
    monkeypatch.setenv("JOURNEY_END", "2020-12-01")
    with pytest.raises(BadInput, match="END 2020-12-01 lies before START 2020-12-31"):
        Settings.from_environment()


@pytest.mark.parametrize("given", [{"start": ""}, {"end": ""}])
def test_half_a_window_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="START and END go together"):
        Settings.from_environment(**given)


def test_no_window_means_the_last_days_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_START", "")
    monkeypatch.setenv("JOURNEY_END", "")
    assert Settings.from_environment().window is None


def test_as_of_a_day_includes_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_AS_OF", "2020-11-30")
    assert Settings.from_environment().now == datetime(2020, 12, 1, tzinfo=UTC)
    monkeypatch.setenv("JOURNEY_AS_OF", "2020-11-30T10:00:00+02:00")
    assert Settings.from_environment().now == datetime(2020, 11, 30, 8, tzinfo=UTC)


def test_flags_win_over_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_SEED", "7")
    assert Settings.from_environment().seed == 7
    assert Settings.from_environment(seed=8).seed == 8
    assert Settings.from_environment(seed=None).seed == 7


days = st.dates(date(2019, 1, 1), date(2026, 1, 1))


@given(
    st.tuples(days, days).map(sorted),
    st.sampled_from(["", "a_"]),
    st.integers(0, 2**32 - 1),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
)
def test_settings_survive_the_way_through_the_environment(
    window: list[date], prefix: str, seed: int, as_of: datetime | None, full: bool
) -> None:
    given_values = {"start": window[0], "end": window[1], "dataset_prefix": prefix, "seed": seed}
    settings = Settings.model_validate({**given_values, "as_of": as_of, "full_reload": full})
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in settings.environment().items():
            patch.setenv(variable, value)
        assert Settings.from_environment() == settings


@given(st.tuples(days, days).map(sorted))
def test_a_window_holds_both_its_ends(ends: list[date]) -> None:
    held = Window(*ends).days()
    assert held[0] == ends[0]
    assert held[-1] == ends[1]
    assert len(held) == len(set(held)) == (ends[1] - ends[0]).days + 1
