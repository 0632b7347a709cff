"""The data tests are laws: they hold over a warehouse without a row, and each of them fails where it is broken."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from google.cloud.bigquery import LoadJobConfig

from journey.bigquery import TableSpec, Warehouse
from journey.ga4_export import RAW_EVENTS
from journey.settings import Settings
from load.ga4 import EXPORT_DAYS
from load.salt import EMAIL_SALT
from load.tables import ORDER_ITEMS, ORDERS, USERS
from synth.answer_key import TRUE_IDENTITIES, TRUE_ORDERS
from tests.pipeline import dbt
from tests.real_days import CHECKOUT

RAW: tuple[TableSpec, ...] = (
    RAW_EVENTS, EXPORT_DAYS, EMAIL_SALT, USERS.raw, ORDERS.raw, ORDER_ITEMS.raw, TRUE_ORDERS, TRUE_IDENTITIES,
)  # fmt: skip
NOON = "2020-11-01T12:00:00+00:00"
# Rows that contradict each other. Each law is broken by at least one of them.
WRONG: dict[str, list[dict[str, object]]] = {
    "raw_ga4.events": [{"event_day": "2020-11-01", "event_name": "page_view", "event_timestamp": 1604232000000000}],
    "raw_backend.orders": [{"order_id": 1, "created_at": NOON}],
    "staging_ga4.stg_events": [
        {"user_pseudo_id": "ada", "ga_session_id": 1, "event_name": "purchase", "transaction_id": "lost", "copies": 1}
    ],
    "staging_ga4.stg_export_days": [{"export_day": "2020-11-01"}] * 2,
    "staging_backend.stg_users": [{"user_id": 1}] * 2,
    "staging_backend.stg_orders": [{"order_id": 1, "revenue": "1"}] * 2,
    "staging_backend.stg_order_items": [{"order_id": 1, "line_number": None}],
    "intermediate.int_sessions": [
        {"session_key": "ada/1", "is_robot": True, "robot_rule": "guessed", "purchase_at": NOON, "page_views": 1}
    ],
    "intermediate.int_purchases": [{"purchase_key": "id/A", "id_kind": "guessed"}] * 2,
    "intermediate.int_matches": [{"purchase_key": "id/A", "order_id": 1}] * 2,
    "intermediate.int_identity": [{"user_pseudo_id": "family", "user_id": 1, "is_shared_device": True}] * 2,
    "marts.fct_user_journeys": [{"session_key": "ada/1", "user_key": "browser/nobody", "events": 1}] * 2,
    "marts.fct_reconciliation": [
        {"reconciliation_key": "id/A", "status": "lost", "tier": "none", "purchase_events": 0, "revenue_delta": "5"}
    ]
    * 2,
    "marts.dim_users": [{"user_key": "user/1", "user_id": 1, "user_pseudo_ids": ["family"], "sessions": 7}] * 2,
    "marts.rpt_funnel": [
        {"population": "everyone", "method": "guessed", "dimension": "all", "slice": "all", "step_order": 2},
        {
            "population": "everyone",
            "method": "closed",
            "dimension": "all",
            "slice": "all",
            "step_order": 2,
            "sessions": 1,
        },
        {
            "population": "everyone",
            "method": "any",
            "dimension": "channel",
            "slice": "Email",
            "step_order": 1,
            "sessions": 1,
        },
    ],
    "marts.rpt_tracking_health": [
        {"export_day": "2020-11-01", "event_name": "purchase", "sessions": 1, "status": "guessed", "is_flagged": True}
    ]
    * 2,
    "marts.rpt_gap_causes": [
        {"gap": "guessed", "dimension": "day", "slice": "2020-11-01", "rows_at_risk": 1, "missing": 2, "p_value": 3}
    ]
    * 2,
    "evaluation.eval_orders": [{"order_id": 1, "is_dropped": True, "found_status": "matched"}],
}
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def failures(settings: Settings, target: Path) -> tuple[set[str], set[str]]:
    """Runs all data tests: the names of those that failed, and of all."""
    with suppress(AssertionError):  # where some fail: the artifact says which
        dbt(settings, "test", "--exclude-resource-type", "unit_test", target=target)
    results = json.loads((target / "run_results.json").read_text())["results"]
    assert {result["status"] for result in results} <= {"pass", "fail"}
    names = {result["unique_id"]: result["unique_id"].split(".")[2] for result in results}
    return {names[r["unique_id"]] for r in results if r["status"] == "fail"}, set(names.values())


def test_laws_hold_over_nothing_and_every_one_is_broken_by_rows_that_contradict_each_other(
    settings: Settings, warehouse: Warehouse, tmp_path: Path
) -> None:
    for table in RAW:
        warehouse.ensure_table(table)
    # strict here: each model's columns and types are the ones of its yml
    dbt(settings, "run", "--vars", "check_columns: true", target=tmp_path / "run")
    failed, every = failures(settings, tmp_path / "empty")
    assert failed == set()

    for name, rows in WRONG.items():
        built = warehouse.client.get_table(settings.dataset(name))
        warehouse.client.load_table_from_json(rows, built, job_config=LoadJobConfig(schema=built.schema)).result()
    failed, _ = failures(settings, tmp_path / "wrong")
    assert every - failed == set()


def test_a_shop_of_ones_own_has_no_answer_key_and_no_evaluation() -> None:
    listed = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "ls", "--quiet", "--output", "name"],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "JOURNEY_BACKEND": "existing",
            "DBT_PROJECT_DIR": "dbt",
            "DBT_PROFILES_DIR": "dbt",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "fct_reconciliation" in listed
    assert [name for name in listed if name.startswith(("eval_", "dropped_")) or "raw_truth" in name] == []
