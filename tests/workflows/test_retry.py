"""What follows a failed attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.duration import seconds
from workflows.pipeline import RETRY
from workflows.retry import Attempt, Retry, Verdict, retry_of, verdict

OURS = retry_of(RETRY.build().model_dump(by_alias=True, exclude_none=True))
FAILED = Attempt("Failed", 1, 2.0, "exit code 1")
LOST = Attempt("Error", None, 2.0, "pod deleted")


def killed(code: int) -> Attempt:
    return Attempt("Failed", code, 2.0)


@pytest.mark.parametrize("code", [75, 137, 143])
def test_the_pipeline_tries_again_after_a_kill_or_when_asked_to(code: int) -> None:
    assert verdict(OURS, 1, killed(code), 2.0) == Verdict(True, 10.0)


@pytest.mark.parametrize("code", [1, 2, 127, 139])
def test_the_pipeline_does_not_repeat_what_would_fail_again(code: int) -> None:
    assert verdict(OURS, 1, killed(code), 2.0) == Verdict(False, reason="retryStrategy.expression evaluated to false")


def test_the_pipeline_tries_again_when_nobody_knows_how_a_pod_ended() -> None:
    assert verdict(OURS, 1, LOST, 2.0).again


def test_the_pipeline_waits_10_20_40_seconds_and_gives_up_after_four_attempts() -> None:
    verdicts = [verdict(OURS, attempts, killed(75), 0.0) for attempts in (1, 2, 3, 4)]
    assert [v.wait for v in verdicts[:3]] == [10, 20, 40]
    assert verdicts[3] == Verdict(False, reason="No more retries left")


@pytest.mark.parametrize(
    ("policy", "last", "again"),
    [
        ("Always", FAILED, True),
        ("Always", LOST, True),
        ("OnFailure", FAILED, True),
        ("OnFailure", LOST, False),
        ("OnError", FAILED, False),
        ("OnError", LOST, True),
    ],
)
def test_the_policy_says_what_is_retried(policy: str, last: Attempt, again: bool) -> None:
    assert verdict(retry_of({"limit": 1, "retryPolicy": policy}), 1, last, 2.0).again is again


def test_without_a_policy_an_expression_decides_alone() -> None:
    assert retry_of({"limit": "1", "expression": "true"}).policy == "Always"
    assert retry_of({"limit": "1"}).policy == "OnFailure"


def test_without_a_strategy_nothing_is_retried() -> None:
    assert verdict(retry_of(None), 1, FAILED, 2.0) == Verdict(False, reason="exit code 1")


def test_max_duration_ends_retries_in_time() -> None:
    retry = retry_of({"limit": 9, "backoff": {"duration": "10", "maxDuration": "1m"}})
    assert verdict(retry, 1, FAILED, 45.0).again
    assert verdict(retry, 1, FAILED, 55.0) == Verdict(False, reason="Backoff would exceed max duration limit")
    assert verdict(retry, 1, FAILED, 61.0) == Verdict(False, reason="Max duration limit exceeded")


@given(st.integers(0, 20), st.floats(0, 100), st.integers(0, 5), st.floats(0, 100))
def test_waits_grow_up_to_the_cap_and_never_beyond(limit: int, wait: float, factor: int, cap: float) -> None:
    retry = Retry(limit, "Always", None, wait, factor, cap, None)
    waits = [verdict(retry, attempts, FAILED, 0.0).wait for attempts in range(1, limit + 1)]
    assert all(0 <= w <= cap for w in waits)
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        ({}, "without a limit Argo retries for ever"),
        ({"limit": "many"}, "the limit is 'many', not a whole number"),
        ({"limit": 1, "retryPolicy": "Never"}, "retryPolicy 'Never' is not one of Always"),
        ({"limit": 1, "backoff": {"factor": 2}}, "a backoff needs a duration"),
        ({"limit": 1, "backoff": {"duration": "a while"}}, "'a while' is not a duration"),
        ({"limit": 1, "expression": "lastRetry.exitCode"}, "is neither true nor false"),
    ],
)
def test_a_strategy_that_cannot_be_carried_out_is_refused(strategy: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        retry_of(strategy)


@pytest.mark.parametrize(("text", "value"), [("30s", 30), ("1h30m", 5400), ("250ms", 0.25), ("1.5h", 5400), ("0s", 0)])
def test_durations_are_read_as_go_writes_them(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "10", "1 h", "-5s", "5 minutes", "s"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        seconds(text)


def test_a_backoff_may_leave_out_the_seconds() -> None:
    assert seconds("10", bare=True) == 10
