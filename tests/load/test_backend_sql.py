"""Every SQL text of the backend's load, built for every table, is GoogleSQL to Google's own analyzer."""

import pytest

from load import merge
from load.tables import ORDER_ITEMS, ORDERS, USERS, BackendTable
from tests.dialect import Dialect, bigquery_type

RAW, STAGING = "shop-project.raw_backend.{}", "shop-project.raw_backend.{}__staging_0123456789ab"
LOADED_AT = {"loaded_at": bigquery_type("TIMESTAMP")}
every_table = pytest.mark.parametrize("table", [USERS, ORDERS, ORDER_ITEMS], ids=lambda table: str(table.name))


@pytest.fixture
def dialect() -> Dialect:
    """All raw and staging tables."""
    dialect = Dialect("shop-project")
    for table in (USERS, ORDERS, ORDER_ITEMS):
        dialect.add_table(RAW.format(table.name), table.raw.schema)
        dialect.add_table(STAGING.format(table.name), table.staged)
    return dialect


@every_table
def test_what_is_asked_is_googlesql_and_has_the_columns_it_promises(dialect: Dialect, table: BackendTable) -> None:
    raw, staging = RAW.format(table.name), STAGING.format(table.name)
    columns = {
        merge.held({table.name: raw, "once more": raw}): ["name", "rows_held", "newest"],
        merge.differences(table, raw, staging): ["added", "changed", "returned", "deleted", "sent", "strays"],
        merge.names("shop-project.raw_backend"): ["table_name"],
        merge.stray_keys(table, raw, staging): list(table.key),
    }
    for sql, names in columns.items():
        (statement,) = dialect.check(sql)
        assert [name for name, _ in statement.columns] == names


@every_table
@pytest.mark.parametrize("is_rewriting", [False, True])
def test_the_merge_is_one_googlesql_statement(dialect: Dialect, table: BackendTable, is_rewriting: bool) -> None:
    sql = merge.merge(table, RAW.format(table.name), STAGING.format(table.name), is_rewriting)
    assert [statement.kind for statement in dialect.check(sql, LOADED_AT)] == ["merge"]


def test_several_merges_are_one_transaction_and_one_is_just_itself(dialect: Dialect) -> None:
    merges = [merge.merge(table, RAW.format(table.name), STAGING.format(table.name)) for table in (ORDER_ITEMS, ORDERS)]
    script = dialect.check(merge.all_or_none(merges), LOADED_AT)
    assert [statement.kind for statement in script] == ["begin", "merge", "merge", "commit"]
    assert merge.all_or_none(merges[:1]) == merges[0]


def test_dropping_a_staging_table_is_googlesql(dialect: Dialect) -> None:
    assert [statement.kind for statement in dialect.check(merge.drop(STAGING.format("users")))] == ["drop"]
