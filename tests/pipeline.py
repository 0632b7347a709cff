"""The whole pipeline for tests: the stages of the DAG in this process, dbt as the command that it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from journey.settings import Settings
from tests.real_days import CHECKOUT


def load_and_build(settings: Settings, target: Path) -> None:
    """Make up source B from source A, load both, build the models."""
    from synth.backend import synth

    synth(settings)
    load(settings)
    dbt(settings, "run", target=target)


def load(settings: Settings) -> None:
    """Load both sources."""
    from load.backend import load_orders, load_users
    from load.ga4 import load_ga4

    load_ga4(settings)
    load_users(settings)
    load_orders(settings)


def dbt(settings: Settings, *arguments: str, target: Path) -> str:
    """Run a dbt command over the project; returns what it wrote.

    Raises: AssertionError, with the end of what it wrote, when the command fails.
    """
    done = subprocess.run(
        [Path(sys.executable).with_name("dbt"), *arguments],
        cwd=CHECKOUT,
        env={
            **os.environ,
            **settings.environment(),
            "DBT_PROJECT_DIR": "dbt",
            "DBT_PROFILES_DIR": "dbt",
            "DBT_TARGET_PATH": str(target),
            "DBT_LOG_PATH": str(target / "logs"),
            "DBT_USE_COLORS": "false",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"dbt {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-6000:]}"
    return done.stdout
