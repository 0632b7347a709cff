"""The data tests are laws: they hold over no row at all and over made-up shops, and fail where they are broken."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.cloud.bigquery import LoadJobConfig
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from journey.bigquery import TableSpec, Warehouse
from journey.ga4_export import RAW_EVENTS
from journey.settings import Settings
from load.ga4 import EXPORT_DAYS
from load.salt import EMAIL_SALT
from load.tables import ORDER_ITEMS, ORDERS, USERS
from synth.answer_key import TRUE_IDENTITIES, TRUE_ORDERS
from tests.dbt.made_rows import Order, Purchase, Shop, shops
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
    "intermediate.int_person_candidates": [{"purchase_key": "id/A", "order_id": 1, "tier": "person_hunch"}] * 2,
    "intermediate.int_matches": [{"purchase_key": "id/A", "order_id": 1, "tier": "person_time", "confidence": "1"}] * 2,
    "intermediate.int_identity": [{"user_pseudo_id": "family", "user_id": 1, "is_shared_device": True}] * 2,
    "marts.fct_user_journeys": [{"session_key": "ada/1", "user_key": "browser/nobody", "events": 1}] * 2,
    "marts.fct_reconciliation": [
        {"reconciliation_key": "id/A", "status": "lost", "tier": "none", "purchase_events": 0, "revenue_delta": "5"},
        {"reconciliation_key": "id/B", "status": "lost", "tier": "none", "purchase_events": 1, "order_id": 2},
    ]
    * 2,
    "marts.rpt_revenue_bridge": [
        {"reconciliation_day": "2020-11-01", "line_order": 24, "line": "residual", "kind": "total", "amount": "5"}
    ]
    * 2,
    "marts.rpt_daily_reconciliation": [{"reconciliation_day": "2020-11-01", "awaiting": 1, "is_mature": True}],
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
    "marts.rpt_journey_timeline": [
        {"lane_group": "matched", "lane_order": 1, "mark": "paid", "seconds_from_first": 5, "seconds_until_end": 1}
    ],
    "marts.rpt_gap_causes": [
        {"gap": "guessed", "dimension": "day", "slice": "2020-11-01", "rows_at_risk": 1, "missing": 2, "p_value": 3}
    ]
    * 2,
    "evaluation.eval_orders": [{"order_id": 1, "is_dropped": True, "has_ga4_id": True, "found_status": "matched"}] * 2,
    "evaluation.eval_scores": [{"subject": "status", "label": "matched"}] * 2,
    "evaluation.eval_money": [{"reason": "dropped", "difference": "0.01", "is_decidable": True}] * 2,
}
# The laws that hold purchases and orders together, and the models between them and the raw tables, in order.
CONSERVATION = (
    "events_are_conserved", "purchase_events_are_conserved", "orders_are_conserved",
    "no_purchase_and_no_order_is_matched_twice", "buckets_add_up_by_day_tier_and_status", "bridges_leave_no_residual",
    "statuses_say_what_the_rows_show", "matches_without_an_id_are_of_one_person_and_near",
    "nothing_is_awaited_on_a_mature_day",
)  # fmt: skip
RECONCILIATION = (
    "stg_events", "stg_export_days", "stg_event_items", "stg_users", "stg_orders", "stg_order_items", "int_purchases",
    "int_id_matches", "int_identity", "int_person_candidates", "int_matches", "fct_reconciliation",
    "rpt_daily_reconciliation", "rpt_revenue_bridge",
)  # fmt: skip
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def failures(settings: Settings, target: Path) -> tuple[set[str], set[str]]:
    """Runs all data tests: the names of those that failed, and of all."""
    with suppress(AssertionError):  # where some fail: the artifact says which
        dbt(settings, "test", "--exclude-resource-type", "unit_test", target=target)
    every = json.loads((target / "run_results.json").read_text())["results"]
    results = [r for r in every if not r["unique_id"].startswith("operation.")]  # the hook that keeps these results
    assert {result["status"] for result in results} <= {"pass", "fail"}
    names = {result["unique_id"]: result["unique_id"].split(".")[2] for result in results}
    return {names[r["unique_id"]] for r in results if r["status"] == "fail"}, set(names.values())


@dataclass(frozen=True)
class Built:
    """The models over empty raw tables, and the SQL that dbt made of them and of the laws."""

    settings: Settings
    warehouse: Warehouse
    target: Path
    failed: set[str]
    every: set[str]

    def law(self, name: str) -> str:
        """The query of a law; rows it returns break it."""
        return (self.target / f"empty/compiled/customer_journey/tests/{name}.sql").read_text()

    def put(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Put rows in place of those of these tables."""
        for name, rows in tables.items():
            self.load(name, rows, "WRITE_TRUNCATE")

    def load(self, name: str, rows: list[dict[str, Any]], disposition: str = "WRITE_APPEND") -> None:
        """Add rows to a table, or put them in place of its rows."""
        table = self.warehouse.client.get_table(self.settings.dataset(name))
        if disposition == "WRITE_TRUNCATE":
            self.warehouse.execute(f"truncate table `{self.settings.dataset(name)}`")
        if rows:
            config = LoadJobConfig(schema=table.schema)
            self.warehouse.client.load_table_from_json(rows, table, job_config=config).result()

    def build(self, models: Iterable[str]) -> None:
        """Run models again, in this order."""
        found = {path.stem: path for path in (self.target / "run/run/customer_journey/models").rglob("*.sql")}
        for name in models:
            self.warehouse.execute(found[name].read_text())

    def broken(self, table: str = "", rows: str = "") -> set[str]:
        """The laws of conservation that do not hold, where they read `rows` (a query) in place of a table."""
        laws = "\nunion all\n".join(f"select '{law}' as law from (\n{self.law(law)}\n)" for law in CONSERVATION)
        return {row["law"] for row in self.warehouse.rows(laws.replace(table, f"({rows})") if table else laws)}


@pytest.fixture(scope="module")
def built(services: Settings, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """One run over raw tables without a row, and all laws asked of it."""
    settings = services.model_copy(update={"dataset_prefix": "laws_", "backend_schema": "shop_laws"})
    warehouse, target = Warehouse(settings), tmp_path_factory.mktemp("laws")
    for table in RAW:
        warehouse.ensure_table(table)
    # strict here: each model's columns and types are the ones of its yml
    dbt(settings, "run", "--vars", "check_columns: true", target=target / "run")
    return Built(settings, warehouse, target, *failures(settings, target / "empty"))


def test_laws_hold_over_nothing(built: Built) -> None:
    assert built.every
    assert built.failed == set()


@hypothesis_settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)  # an example takes seconds
@given(shop=shops())
def test_every_purchase_event_and_every_order_is_conserved_whatever_the_shop(built: Built, shop: Shop) -> None:
    built.put(shop.tables())
    built.build(RECONCILIATION)
    assert built.broken() == set()
    events = sum(purchase.copies for purchase in shop.purchases)
    reported = sum(((p.value or Decimal(0)) * p.copies for p in shop.purchases), Decimal(0))
    booked = sum((order.total for order in shop.orders), Decimal(0))
    [found] = built.warehouse.rows(
        f"""
        select
            coalesce(sum(purchase_events), 0) as events,
            coalesce(sum(ga4_reported_revenue), 0) as reported,
            count(order_id) as orders,
            count(distinct order_id) as different_orders,
            coalesce(sum(backend_booked), 0) as booked
        from `{built.settings.dataset("marts.fct_reconciliation")}`
        """
    )
    orders = len(shop.orders)
    assert found == {
        "events": events, "reported": reported, "orders": orders, "different_orders": orders, "booked": booked,
    }  # fmt: skip


# A match by id, a recovered one, one without an id; a reload; each side alone; a pair apart; a test.
SHOP = Shop(
    purchases=(
        Purchase("ada", 0, id="7000012345", short_id="12345", value=Decimal("10")),
        Purchase("ada", 5, id="7000012345", short_id="12345", value=Decimal("10")),
        Purchase("ada", 9000, value=None, items=("mug",)),
        Purchase("bob", 60, id="ab-1", value=Decimal("25"), copies=2),
        Purchase("bob", 86_390, id="lost", value=Decimal("19.99")),
        Purchase(None, 100, value=Decimal("0.01")),
        Purchase("family", 400, id="T", value=Decimal("7")),
    ),
    orders=(
        Order(1, 30, "7000012345"),
        Order(1, 9030, "S1", Decimal("12.50"), items=("mug", "cap")),
        Order(2, 90, "AB-1", Decimal("30"), shipping=Decimal("5")),
        Order(2, 4000, "S2", Decimal("8")),
        Order(3, 430, "T", Decimal("7"), exclusion="test"),
    ),
)
# Where a purchase or an order passes by, and what names its row there.
PASSED_BY = {
    "raw_ga4.events": "event_timestamp",
    "staging_ga4.stg_events": "occurred_at",
    "intermediate.int_purchases": "purchase_key",
    "raw_backend.orders": "order_id",
    "staging_backend.stg_orders": "order_id",
    "intermediate.int_matches": "purchase_key",
    "marts.fct_reconciliation": "reconciliation_key",
}


def test_a_row_taken_out_or_doubled_anywhere_breaks_conservation(built: Built) -> None:
    built.put(SHOP.tables())
    built.build(RECONCILIATION)
    assert built.broken() == set()
    tiers = built.warehouse.rows(f"select distinct tier from `{built.settings.dataset('intermediate.int_matches')}`")
    assert {row["tier"] for row in tiers} == {"exact_id", "recovered_id", "person_basket"}
    unseen = []
    for table, key in PASSED_BY.items():
        name = "`" + built.settings.dataset(table).replace(".", "`.`") + "`"
        [ends] = built.warehouse.rows(
            f"select cast(min({key}) as string) as low, cast(max({key}) as string) as high from {name}"
        )
        assert ends["low"] != ends["high"]
        for row in ends.values():
            one = f"select * from {name} where cast({key} as string) = '{row}'"
            others = f"select * from {name} where cast({key} as string) != '{row}'"
            for way, rows in {"taken out": others, "doubled": f"{others} union all {one} union all {one}"}.items():
                if not built.broken(name, rows):
                    unseen.append(f"{table} {row} {way}")
    assert unseen == []


def test_the_order_in_which_rows_come_changes_nothing(built: Built) -> None:
    found = []
    for shop in (SHOP, replace(SHOP, purchases=SHOP.purchases[::-1])):
        tables = shop.tables()
        built.put({**tables, "raw_backend.orders": tables["raw_backend.orders"][:: 1 if shop is SHOP else -1]})
        built.build(RECONCILIATION)
        found.append(
            built.warehouse.rows(
                f"select * from `{built.settings.dataset('marts.fct_reconciliation')}` order by reconciliation_key"
            )
        )
    assert found[0]
    assert found[0] == found[1]


def test_a_link_taken_out_changes_nothing_but_what_rested_on_it(built: Built) -> None:
    resting = {
        "intermediate.int_identity": "user_pseudo_id = 'family' or user_id in (3, 4)",
        "intermediate.int_matches": "false",
        "marts.fct_reconciliation": "user_pseudo_id = 'family'",
        "marts.dim_users": "user_id in (3, 4)",
    }
    others = {
        name: f"select * from `{built.settings.dataset(name)}` where not coalesce({condition}, false)"
        for name, condition in resting.items()
    }
    edges = f"""
        select concat(user_pseudo_id, '/', cast(user_id as string)) as edge, is_shared_device
        from `{built.settings.dataset("intermediate.int_identity")}`
    """

    def look() -> tuple[dict[str, bool], dict[str, list[str]]]:
        joined = {row["edge"]: not row["is_shared_device"] for row in built.warehouse.rows(edges)}
        return joined, {name: sorted(map(str, built.warehouse.rows(sql))) for name, sql in others.items()}

    built.put(SHOP.tables())
    built.build((*RECONCILIATION, "dim_users"))
    joined, before = look()
    assert joined == {"ada/1": True, "bob/2": True, "family/3": False, "family/4": False}
    dbt(
        built.settings, "run", "--select", *(name.split(".")[1] for name in resting), "int_person_candidates",
        "--vars", "excluded_identity_edges: [family/3]", target=built.target / "unwound",
    )  # fmt: skip
    joined, after = look()
    assert joined == {"ada/1": True, "bob/2": True, "family/4": True}
    assert after == before
    assert all(after.values())


def test_every_law_is_broken_by_rows_that_contradict_each_other(built: Built) -> None:
    for name, rows in WRONG.items():
        built.load(name, rows)
    failed, _ = failures(built.settings, built.target / "wrong")
    assert built.every - failed == set()
    # and the table that the report reads says the same as dbt's own file
    kept = built.warehouse.rows(f"select name, status from `{built.settings.dataset('marts')}.rpt_test_results`")
    assert {row["name"] for row in kept} == built.every
    assert {row["name"] for row in kept if row["status"] == "fail"} == failed


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
