"""The two ways a stage can fail that a person can act on; each carries its exit code."""


class JourneyError(Exception):
    """A failure whose message is one sentence: the thing, its value, the remedy."""

    exit_code = 1


class BadInput(JourneyError):
    """What was given cannot work, and trying again will not help."""

    exit_code = 2


class TryAgain(JourneyError):
    """Something outside failed for now. 75 is EX_TEMPFAIL of sysexits.h; the workflow retries on it."""

    exit_code = 75
