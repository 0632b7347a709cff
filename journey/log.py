"""One line of progress at a time, on stderr: UTC time, stage, text. No colours: it goes to files and to Argo."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime


def get_log(stage: str) -> Callable[[str], None]:
    """A function that prints a line for the stage."""

    def log(text: str) -> None:
        print(f"{datetime.now(UTC):%H:%M:%S} {stage}  {text}", file=sys.stderr, flush=True)

    return log
