"""What the tests of workflows share."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workflows.made_up import Runner


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """Runs made-up templates in the test's folder."""
    return Runner(tmp_path)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds, at most 30 seconds."""

    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline, "waited 30 s in vain"
            time.sleep(0.02)

    return wait
