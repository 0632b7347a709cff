"""Whether a failed attempt is followed by another, and after how long: `retryStrategy` as Argo's controller has it."""

from dataclasses import dataclass
from typing import Any, Literal

from workflows.duration import seconds
from workflows.expression import Node, Unknown, evaluate, names, parse

POLICIES = ("Always", "OnFailure", "OnError", "OnTransientError")


@dataclass(frozen=True)
class Attempt:
    """One run of a task's container. exit_code: None when there is none to know."""

    status: Literal["Succeeded", "Failed", "Error"]
    exit_code: int | None
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Retry:
    """A retryStrategy, read. Waits are seconds; a limit of 3 means at most four attempts."""

    limit: int
    policy: str
    condition: Node | None
    wait: float
    factor: int
    longest_wait: float | None
    longest_in_all: float | None


@dataclass(frozen=True)
class Verdict:
    """again: whether another attempt follows, `wait` seconds from now; if not, `reason` is Argo's sentence for it."""

    again: bool
    wait: float = 0.0
    reason: str = ""


NEVER = Retry(0, "Always", None, 0.0, 0, None, None)


def retry_of(strategy: dict[str, Any] | None) -> Retry:
    """Read a retryStrategy; without one nothing is retried.

    Raises: ValueError, a sentence: no limit, an unknown policy, a duration or an expression that cannot be read.
    """
    if strategy is None:
        return NEVER
    limit = str(strategy.get("limit", ""))
    if not limit.isdigit():
        raise ValueError(
            f"the limit is {limit!r}, not a whole number" if limit else "without a limit Argo retries for ever"
        )
    policy = strategy.get("retryPolicy") or ("Always" if strategy.get("expression") else "OnFailure")
    if policy not in POLICIES:
        raise ValueError(f"retryPolicy {policy!r} is not one of {', '.join(POLICIES)}")
    backoff = strategy.get("backoff") or {}
    if backoff and not backoff.get("duration"):
        raise ValueError("a backoff needs a duration")
    return Retry(
        limit=int(limit),
        policy=policy,
        condition=_condition(strategy.get("expression")),
        wait=seconds(backoff["duration"], bare=True) if backoff else 0.0,
        factor=int(backoff.get("factor") or 0),
        longest_wait=seconds(backoff["cap"], bare=True) if backoff.get("cap") else None,
        longest_in_all=seconds(backoff["maxDuration"], bare=True) if backoff.get("maxDuration") else None,
    )


def verdict(retry: Retry, attempts: int, last: Attempt, seconds_in_all: float) -> Verdict:
    """What follows a failed attempt.

    attempts: how many there have been. seconds_in_all: since the first one began.
    """
    wait = retry.wait * retry.factor ** (attempts - 1) if retry.factor else retry.wait
    wait = min(wait, retry.longest_wait) if retry.longest_wait is not None else wait
    if retry.longest_in_all is not None and seconds_in_all > retry.longest_in_all:
        return Verdict(False, reason="Max duration limit exceeded")
    if retry.longest_in_all is not None and seconds_in_all + wait > retry.longest_in_all:
        return Verdict(False, reason="Backoff would exceed max duration limit")
    if (last.status, retry.policy) in (("Failed", "OnError"), ("Error", "OnFailure")):
        return Verdict(False, reason=last.message)
    if attempts > retry.limit:
        return Verdict(False, reason="No more retries left" if retry.limit else last.message)
    if retry.condition is not None and not evaluate(retry.condition, variables(last, attempts)):
        return Verdict(False, reason="retryStrategy.expression evaluated to false")
    return Verdict(True, wait)


def variables(last: Attempt, attempts: int) -> dict[str, str]:
    """What an expression may read after the attempt. All of it is text, as in Argo."""
    return {
        "lastRetry.exitCode": "-1" if last.exit_code is None else str(last.exit_code),
        "lastRetry.status": last.status,
        "lastRetry.duration": f"{last.seconds:.3f}",
        "lastRetry.message": last.message,
        "retries": str(attempts - 1),
    }


def _condition(expression: str | None) -> Node | None:
    if not expression:
        return None
    node = parse(expression)
    # tried at once on a failure and on an error: a wrong name or a forgotten cast must not wait for the first failure
    tries: tuple[Attempt, ...] = (Attempt("Failed", 1, 1.0), Attempt("Error", None, 1.0))
    for last in tries:
        known = variables(last, 1)
        for name in names(node) - known.keys():
            raise Unknown(f"{name} is not known to a retry expression; known are {', '.join(known)}")
        if not isinstance(evaluate(node, known), bool):
            raise Unknown(f"{expression!r} is neither true nor false")
    return node
