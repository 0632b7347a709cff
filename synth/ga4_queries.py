"""The questions put to the GA4 export: its purchases with their items, the carts of those without an id, its visitors.

A text in `sql/` named `*_of_a_day` is asked of every day, joined by UNION ALL: naming the days reads only the columns
that are named, where a wildcard over `events_*` may read all of them. What is left open in a text is in braces; values
are parameters.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any

from journey.bigquery import Warehouse, clear_errors
from journey.errors import BadInput

OPTIONAL = frozenset({"ecommerce", "geo", "items"})
# What a text asks of an optional column, and what stands in for it where a drifted export lacks it.
ITEMS = """array(
        select as struct
            i.item_id as item_id,
            i.item_name as item_name,
            i.item_category as item_category,
            i.quantity as quantity,
            cast(i.price as numeric) as price,
            cast(i.item_revenue as numeric) as item_revenue
        from unnest(e.items) as i with offset as line_number
        order by line_number
    )"""
NO_ITEMS = """array<struct<
        item_id string, item_name string, item_category string, quantity int64, price numeric, item_revenue numeric
    >>[]"""
WAYS = {
    "country": ("geo", "e.geo.country", "cast(null as string)"),
    "ecommerce_id": ("ecommerce", "e.ecommerce.transaction_id", "cast(null as string)"),
    "ecommerce_revenue": ("ecommerce", "e.ecommerce.purchase_revenue", "cast(null as float64)"),
    "items": ("items", ITEMS, NO_ITEMS),
}
# The param holds the full id; the ecommerce field is what is left where it does not.
TRANSACTION_ID = """coalesce(
            if(trim(params.transaction_id) in ({placeholders}), null, trim(params.transaction_id)),
            if(trim(ecommerce_id) in ({placeholders}), null, trim(ecommerce_id))
        )"""
QUESTIONS = ("purchases", "carts", "visitors")
PLACEHOLDERS = ("", "(not set)", "(data deleted)", "<Other>", "<obfuscated>")  # GA4's words for "unknown"


def ask(warehouse: Warehouse, tables: Iterable[str], before: int) -> dict[str, list[dict[str, Any]]]:
    """Rows of `purchases`, `carts` and `visitors` over these days' tables, before a moment (microseconds since 1970).

    Raises: BadInput, when an export lacks a column that every export has.
    """
    every = dict.fromkeys(tables, OPTIONAL)
    try:
        return _rows(warehouse, texts(every), before)
    except BadInput:
        have = {
            table: columns_of(warehouse, table) for table in every
        }  # a call a day, so only where something is amiss
        if have == every:
            raise
        return _rows(warehouse, texts(have), before)


def texts(columns: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """The queries by what they ask for, over these tables; `columns` says which optional ones each table has."""
    placeholders = ", ".join(f"'{word}'" for word in PLACEHOLDERS)

    def of_days(name: str) -> str:
        return "\nunion all\n".join(
            sql(f"{name}_of_a_day").format(
                table=table, **{what: there if column in have else gone for what, (column, there, gone) in WAYS.items()}
            )
            for table, have in columns.items()
        )

    transaction_id = TRANSACTION_ID.format(placeholders=placeholders)
    return {name: sql(name).format(days=of_days(name), transaction_id=transaction_id) for name in QUESTIONS}


def columns_of(warehouse: Warehouse, table: str) -> frozenset[str]:
    """Of the optional columns, those that the table has."""
    with clear_errors():
        return OPTIONAL & {field.name for field in warehouse.client.get_table(table).schema}


def sql(name: str) -> str:
    """The text of sql/<name>.sql."""
    return (files("synth") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _rows(warehouse: Warehouse, queries: Mapping[str, str], before: int) -> dict[str, list[dict[str, Any]]]:
    with ThreadPoolExecutor(len(queries)) as pool:
        asked = {name: pool.submit(warehouse.arrow, text, before=before) for name, text in queries.items()}
        return {name: answer.result().to_pylist() for name, answer in asked.items()}
