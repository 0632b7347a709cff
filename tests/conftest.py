"""The real things that tests run against: a BigQuery emulator and a PostgreSQL, started and ended with them."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from journey import services as local_services
from journey.bigquery import Warehouse
from journey.settings import Settings

PROJECT = "customer-journey"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def services() -> Iterator[Settings]:
    """Both services, fresh for each file, and the environment points at them.

    The emulator looks through all its tables and jobs for each statement: after some hundred tests every one takes
    several times as long, which costs more than starting anew.
    """
    with tempfile.TemporaryDirectory(prefix="journey-tests-", ignore_cleanup_errors=True) as folder:
        state = Path(folder) / "state"
        started = local_services.up(state, PROJECT)
        before = dict(os.environ)
        os.environ.update(started.environment)
        try:
            yield Settings.from_environment()
        finally:
            local_services.down(state)
            os.environ.clear()
            os.environ.update(before)


@pytest.fixture
def settings(services: Settings) -> Settings:
    """Settings with datasets, a GA4 source and a PostgreSQL schema of the test's own."""
    number = next(_numbers)
    return services.model_copy(
        update={
            "dataset_prefix": f"test{number}_",
            "backend_schema": f"shop_test{number}",
            "ga4_source": f"ga4-export-{number}.sample",
        }
    )


@pytest.fixture
def warehouse(settings: Settings) -> Warehouse:
    """The warehouse under the test's own settings."""
    return Warehouse(settings)


@pytest.fixture
def mortal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, Path]]:
    """Services that a test may kill, with the state folder that names their processes."""
    with tempfile.TemporaryDirectory(prefix="journey-mortal-", ignore_cleanup_errors=True) as folder:
        state = Path(folder) / "state"
        started = local_services.up(state, PROJECT)
        for name, value in started.environment.items():
            monkeypatch.setenv(name, value)
        try:
            yield Settings.from_environment(), state
        finally:
            local_services.down(state)


@pytest.fixture(scope="session")
def real_days() -> Path:
    """The folder of real GA4 days; the tests that need it skip where there is none."""
    folder = Path(os.environ.get("JOURNEY_REAL_DAYS", Path(__file__).parents[2] / "shared" / "ga4"))
    if not any(folder.glob("events_*.parquet")):
        pytest.skip(f"needs a folder of real GA4 days: {folder} holds none (JOURNEY_REAL_DAYS names another)")
    return folder
