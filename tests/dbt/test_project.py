"""Rules that the files of the dbt project keep, told from their text."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2] / "dbt"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
MACROS = sorted((PROJECT / "macros").glob("*.sql"))
TESTS = sorted((PROJECT / "tests").rglob("*.sql"))


def described(folder: Path) -> dict[str, dict[str, Any]]:
    """Name of a model -> what the yml beside it says."""
    files = folder.glob("_*__models.yml")
    return {model["name"]: model for file in files for model in yaml.safe_load(file.read_text())["models"]}


def test_only_evaluation_reads_the_answer_key() -> None:
    readers = {
        path.relative_to(PROJECT).as_posix()
        for path in (*MODELS, *MACROS, *TESTS)
        if re.search(r"raw_truth|ref\(\s*['\"]eval_", path.read_text())
    }
    assert readers
    assert {reader for reader in readers if not re.match(r"(models|tests)/evaluation/", reader)} == set()


def test_only_stg_users_reads_names_and_addresses() -> None:
    readers = {path.stem for path in (*MODELS, *TESTS) if "source('raw_backend', 'users')" in path.read_text()}
    assert readers == {"stg_users"}
    assert "full_name" not in (PROJECT / "models/staging/backend/stg_users.sql").read_text()


def test_the_clock_is_read_in_one_place_so_that_frozen_days_stay_as_they_are() -> None:
    readers = {
        path.name
        for path in (*MODELS, *MACROS, *TESTS)
        if re.search(r"current_(date|time|datetime|timestamp)", path.read_text())
    }
    assert readers == {"as_of.sql"}


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_says_its_grain_first_and_what_each_column_is(path: Path) -> None:
    model = described(path.parent)[path.stem]
    assert model["description"].startswith("Grain: one row per ")
    assert path.read_text().startswith("-- Grain: one row per ")
    for column in model["columns"]:
        assert column.keys() <= {"name", "data_type", "description", "data_tests", "config"}, column
        assert column["description"].strip().endswith("."), column


def test_an_amount_names_its_currency_and_a_time_its_zone() -> None:
    says = {"timestamp": r"\bUTC\b", "numeric": r"currency|in seconds|0 to 1"}
    silent = [
        f"{name}.{column['name']}"
        for folder in sorted({path.parent for path in MODELS})
        for name, model in described(folder).items()
        for column in model["columns"]
        if (unit := says.get(column["data_type"])) and not re.search(unit, column["description"])
    ]
    assert silent == []
