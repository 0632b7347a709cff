"""Waiting for what a cluster does in its own time."""

import time
from collections.abc import Callable


def until[T](look: Callable[[], T], seconds: float, message: str) -> T:
    """Look again and again until there is something to see, and return it; fails with the message after so long."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"{message} within {seconds:.0f} s"
        time.sleep(0.2)
    return seen
