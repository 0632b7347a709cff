"""One model at a time, asked over rows of the test's own: its compiled SQL, its inputs filled by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.cloud.bigquery import LoadJobConfig, SchemaField

from journey.bigquery import Warehouse
from journey.settings import Settings
from tests.pipeline import dbt

MODELS = Path(__file__).parents[2] / "dbt" / "models"


@dataclass(frozen=True)
class Models:
    """Compiled models and the warehouse that answers them."""

    warehouse: Warehouse
    compiled: Path
    datasets: Mapping[str, str]
    """Model -> dataset of its table, without prefix."""

    def ask(self, model: str, **inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows of `model` over these rows of the models that it reads; a column that a row lacks is NULL."""
        for name, rows in inputs.items():
            self.fill(name, rows)
        [path] = self.compiled.rglob(f"{model}.sql")
        return self.warehouse.rows(path.read_text())

    def fill(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Let the table of a model hold these rows and no others."""
        table = self.warehouse.settings.dataset(f"{self.datasets[name]}.{name}")
        schema = columns(name)
        listed = ", ".join(f"{field.name} {field.field_type}" for field in schema)
        self.warehouse.execute(f"create or replace table `{table}` ({listed})")
        if rows:
            config = LoadJobConfig(schema=schema)
            self.warehouse.client.load_table_from_json(rows, table, job_config=config).result()


def columns(model: str) -> list[SchemaField]:
    """The columns of a model, from the yml beside it."""
    for path in sorted(MODELS.rglob("_*__models.yml")):
        for described in yaml.safe_load(path.read_text())["models"]:
            if described["name"] == model:
                return [SchemaField(column["name"], column["data_type"].upper()) for column in described["columns"]]
    raise AssertionError(f"no yml describes {model}")


def compile_models(settings: Settings, target: Path, *names: str) -> Models:
    """Compile these models; the datasets that they read are made."""
    dbt(settings, "compile", "--select", *names, target=target)
    datasets = {}
    for path in MODELS.rglob("*.sql"):
        folder = path.relative_to(MODELS).parts[:-1]
        datasets[path.stem] = "_".join(folder)  # as +schema in dbt_project.yml names them
    warehouse = Warehouse(settings)
    for dataset in sorted(set(datasets.values())):
        warehouse.ensure_dataset(dataset)
    return Models(warehouse, target / "compiled", datasets)
