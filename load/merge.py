"""The SQL that brings a staged reading of a shop's table into raw_backend. BigQuery's dialect; nothing runs here.

A staging table lists every row that PostgreSQL holds. Those read with their content (`has_content`) can be written; of
the others only key and hash are there, which is enough to see that nothing changed, or that something did.
"""

from load.tables import BackendTable


def held(raws: dict[str, str]) -> str:
    """A row a table: its `name`, `rows_held` (deleted ones too) and `newest`, the highest updated_at of the others."""
    return " union all ".join(
        f"select '{name}' as name, count(*) as rows_held, max(if(deleted_at is null, updated_at, null)) as newest "
        f"from `{raw}`"
        for name, raw in raws.items()
    )


def names(dataset: str) -> str:
    """Names of all tables of the dataset, as `table_name`."""
    return f"select table_name from `{dataset}`.INFORMATION_SCHEMA.TABLES"


def drop(table_id: str) -> str:
    """Drops a table where it exists."""
    return f"drop table if exists `{table_id}`"


def differences(table: BackendTable, raw: str, staging: str) -> str:
    """One row of counts: how PostgreSQL differs from raw_backend; rows with content, and those that differ without."""
    return f"""
        select
            countif(r.{table.key[0]} is null) as added,
            countif({_both(table)} and r.deleted_at is null and {_other_content()}) as changed,
            countif({_both(table)} and r.deleted_at is not null) as returned,
            countif(s.{table.key[0]} is null and r.deleted_at is null) as deleted,
            countif(s.has_content) as sent,
            countif({_is_stray(table)}) as strays
        from `{staging}` as s
        full join `{raw}` as r on {_same_key(table, "s", "r")}
    """


def stray_keys(table: BackendTable, raw: str, staging: str) -> str:
    """Keys of the rows that differ although the watermark says they are old: their content is still to be read."""
    return f"""
        select {_columns(table.key, "s.")}
        from `{staging}` as s
        left join `{raw}` as r on {_same_key(table, "s", "r")}
        where {_is_stray(table)}
    """


def merge(table: BackendTable, raw: str, staging: str, is_rewriting: bool = False) -> str:
    """One MERGE that makes raw_backend what PostgreSQL was: rows added, changed, returned, and marked where gone.

    Its parameter @loaded_at is the time of the load. `is_rewriting`: also rows whose hash is the same are written.
    """
    content = [column.name for column in table.staged if column.name != "has_content"]
    written = [*content, "deleted_at"]
    differs = "true" if is_rewriting else f"r.{table.key[0]} is null or r.deleted_at is not null or {_other_content()}"
    return f"""
        merge into `{raw}` as t
        using (
            select {_columns(content, "s.")}, cast(null as timestamp) as deleted_at
            from `{staging}` as s
            left join `{raw}` as r on {_same_key(table, "s", "r")}
            where s.has_content and ({differs})
            union all
            select {_columns(content, "r.")}, @loaded_at as deleted_at
            from `{raw}` as r
            left join `{staging}` as s on {_same_key(table, "s", "r")}
            where s.{table.key[0]} is null and r.deleted_at is null
        ) as n
        on {_same_key(table, "t", "n")}
        when matched then
            update set {", ".join(f"{name} = n.{name}" for name in written)}, loaded_at = @loaded_at
        when not matched then
            insert ({_columns(written)}, loaded_at) values ({_columns(written, "n.")}, @loaded_at)
    """


def all_or_none(statements: list[str]) -> str:
    """The statements as one script: what reads the tables sees all of them done, or none."""
    if len(statements) == 1:
        return statements[0]
    return ";\n".join(["begin transaction", *statements, "commit transaction;"])


def _columns(names: tuple[str, ...] | list[str], prefix: str = "") -> str:
    return ", ".join(prefix + name for name in names)


def _same_key(table: BackendTable, one: str, other: str) -> str:
    return " and ".join(f"{one}.{name} = {other}.{name}" for name in table.key)


def _both(table: BackendTable) -> str:
    return f"s.{table.key[0]} is not null and r.{table.key[0]} is not null"


def _other_content() -> str:
    # a table made before row_hash existed holds NULL there, which is distinct from any hash
    return "r.row_hash is distinct from s.row_hash"


def _is_stray(table: BackendTable) -> str:
    return f"not s.has_content and (r.{table.key[0]} is null or r.deleted_at is not null or {_other_content()})"
