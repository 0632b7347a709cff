"""The pipeline over one source: the events are loaded once, each seed puts another shop beside them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from journey.bigquery import Warehouse
from journey.errors import TryAgain
from journey.log import get_log
from journey.settings import Settings
from load.backend import load_orders, load_users
from load.ga4 import load_ga4
from synth.backend import make_shop
from synth.gaps import Unseen
from synth.seen import Seen, read_seen
from synth.source import Making, fill_source

log = get_log("evaluate")

PROJECT = Path(__file__).resolve().parent.parent / "dbt"


@dataclass
class Pipeline:
    """Datasets and a PostgreSQL schema of one source. `scratch`: a folder for dbt's artifacts."""

    settings: Settings
    scratch: Path
    warehouse: Warehouse = field(init=False)
    seen: Seen = field(init=False)
    is_built: bool = False

    def __post_init__(self) -> None:
        self.warehouse = Warehouse(self.settings)

    def fill(self, days: Path) -> None:
        """Bring the days of a folder into the source, from there into raw_ga4, and read what shops are made of."""
        fill_source(self.settings, days, Making(), None)
        load_ga4(self.settings)
        self.seen = read_seen(self.settings, self.warehouse, self.settings.now)

    def build(self, seed: int, unseen: Unseen, models: Iterable[str]) -> None:
        """Make up the seed's shop in place of the one before, load it and build these models and what they need.

        The first time all that they need; after that only what hangs on the shop, as nothing else has changed.
        """
        shop = self.settings.model_copy(update={"seed": seed, "full_reload": True})
        make_shop(shop, self.seen, self.scratch / "shop", unseen)
        load_users(shop)
        load_orders(shop)
        changed = [f"+{model},{source}+" for model in models for source in ("source:raw_backend", "source:raw_truth")]
        self.dbt("run", "--select", *(changed if self.is_built else [f"+{model}" for model in models]))
        self.is_built = True

    def dbt(self, *arguments: str) -> float:
        """Run a dbt command in this process, which has parsed the project once; returns the seconds of its models.

        Raises: TryAgain, with what went wrong first, when it fails.
        """
        done = self.runner.invoke(["--quiet", "--no-use-colors", *arguments])
        results = done.result if isinstance(done.result, RunExecutionResult) else None
        if results is None or not done.success:
            messages = [one.message for one in results.results if one.message] if results else []
            raise TryAgain(
                f"dbt {' '.join(arguments)} failed: {done.exception or next(iter(messages), 'nothing was said')}"
            )
        return float(results.elapsed_time)

    @cached_property
    def runner(self) -> dbtRunner:
        """dbt with the project parsed under these settings."""
        os.environ.update(self.settings.environment())
        os.environ.update(
            DBT_PROJECT_DIR=str(PROJECT),
            DBT_PROFILES_DIR=str(PROJECT),
            DBT_TARGET_PATH=str(self.scratch / "target"),
            DBT_LOG_PATH=str(self.scratch / "logs"),
            DBT_SEND_ANONYMOUS_USAGE_STATS="false",
        )
        parsed = dbtRunner().invoke(["--quiet", "parse"])
        if not isinstance(parsed.result, Manifest):
            raise TryAgain(f"dbt parse failed: {parsed.exception or 'nothing was said'}")
        return dbtRunner(manifest=parsed.result)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Ask the warehouse; `{marts}` and `{evaluation}` stand for our datasets."""
        names = ("intermediate", "marts", "evaluation")
        return self.warehouse.rows(sql.format(**{name: self.settings.dataset(name) for name in names}))
