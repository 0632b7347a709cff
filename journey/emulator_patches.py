"""What this project adds to local-bigquery 0.4.0: two answers that BigQuery gives and dbt needs, MERGE within a
transaction, and a catalogue that is as quick with many tables as with few.
"""

from collections.abc import Callable
from typing import Any

from sqlglot import exp


def apply() -> None:
    """Change the emulator of this process, before it serves. Imports it, which takes seconds."""
    _answer_as_bigquery()
    _replace_without_pairing()
    _merge_in_transactions()
    _look_up_one_table()
    _read_literals()
    _list_no_temporary_tables()


def _answer_as_bigquery() -> None:
    """Two answers about CREATE TABLE AS SELECT.

    The job names the table it made as its destination (dbt-bigquery reads that table's size; without it every table
    model fails), and its result has no rows (else a client that waits for it pages the whole new table).
    """
    from local_bigquery.api import jobs as api
    from local_bigquery.jobs import query

    execute, results = query.execute, api.results

    def is_ctas(statistics: Any) -> bool:
        return bool(statistics) and statistics.statementType == "CREATE_TABLE_AS_SELECT"

    def execute_naming_the_table(*args: Any, **kwargs: Any) -> Any:
        statistics, children, destination = execute(*args, **kwargs)
        if destination is None and is_ctas(statistics):
            destination = statistics.ddlTargetTable
        return statistics, children, destination

    def results_without_rows(job: Any, *args: Any) -> Any:
        if job.statistics and is_ctas(job.statistics.query):
            job = job.model_copy(deep=True)
            job.configuration.query.destinationTable = None
        return results(job, *args)

    query.execute, api.results = execute_naming_the_table, results_without_rows


def _merge_in_transactions() -> None:
    """Let a MERGE take part in the transaction of its script.

    The emulator opens one of its own for each MERGE and goes on where that fails because one is open. With the DuckDB
    it runs on here, the failed BEGIN also aborts the open transaction: it must not be sent.
    """
    import duckdb
    from local_bigquery.jobs import merge, query

    run_merge, run_statement = merge.run, query._run
    in_transaction: set[Any] = set()

    class Inner:
        def __init__(self, cursor: Any) -> None:
            self.cursor = cursor

        def execute(self, sql: str, *args: Any) -> Any:
            if sql == "BEGIN":
                raise duckdb.TransactionException("a transaction is open")
            return self.cursor.execute(sql, *args)

    def run_inside(cursor: Any, tree: Any, context: Any) -> Any:
        return run_merge(Inner(cursor) if cursor in in_transaction else cursor, tree, context)

    def run_and_note(cursor: Any, tree: Any, *args: Any) -> Any:
        statistics = run_statement(cursor, tree, *args)
        if isinstance(tree, exp.Transaction):
            in_transaction.add(cursor)
        elif isinstance(tree, exp.Commit | exp.Rollback):
            in_transaction.discard(cursor)
        return statistics

    merge.run, query._run = run_inside, run_and_note


def _replace_without_pairing() -> None:
    """Run a MERGE on FALSE that deletes and inserts as a DELETE and an INSERT.

    The emulator first copies the whole source, then looks for pairs that cannot exist.
    """
    import duckdb
    import sqlglot
    from local_bigquery.jobs import merge
    from local_bigquery.models import JobStatistics2
    from local_bigquery.sql.dialect import BigQueryDialect
    from local_bigquery.sql.translate import translate

    run_merge = merge.run

    def run(cursor: Any, tree: exp.Merge, context: Any) -> Any:
        whens = tree.args["whens"].expressions
        deletes = [when for when in whens if when.args.get("source")]
        inserts = [when for when in whens if not when.args.get("matched") and not when.args.get("source")]
        target, source = tree.this, tree.args["using"]
        rereads_target = any(table.name == target.name for table in source.find_all(exp.Table))
        if (
            tree.args["on"] != exp.false()
            or rereads_target
            or [len(deletes), len(inserts)] != [1, 1]
            or not isinstance(deletes[0].args["then"], exp.Var)
            or not isinstance(inserts[0].args["then"].expression, exp.Tuple)
        ):
            return run_merge(cursor, tree, context)

        def execute(sql: str) -> int:
            [rows] = cursor.execute(*translate(sqlglot.parse_one(sql, dialect=BigQueryDialect), context)).fetchone()
            return int(rows)

        def text(node: exp.Expression | None) -> str:
            return node.sql(dialect=BigQueryDialect) if node else "TRUE"

        insert = inserts[0].args["then"]
        values = ", ".join(text(value) for value in insert.expression.expressions)
        try:
            cursor.execute("BEGIN")
            is_outermost = True
        except duckdb.TransactionException:
            is_outermost = False
        try:
            deleted = execute(f"DELETE FROM {text(target)} WHERE {text(deletes[0].args.get('condition'))}")
            table = exp.table_(target.this, target.args.get("db"), target.args.get("catalog"))
            inserted = execute(
                f"INSERT INTO {text(table)} {text(insert.this)} "
                f"SELECT {values} FROM {text(source)} WHERE {text(inserts[0].args.get('condition'))}"
            )
            if is_outermost:
                cursor.execute("COMMIT")
        except BaseException:
            if is_outermost:
                cursor.execute("ROLLBACK")
            raise
        return JobStatistics2(
            numDmlAffectedRows=str(deleted + inserted),
            dmlStats={"insertedRowCount": str(inserted), "updatedRowCount": "0", "deletedRowCount": str(deleted)},
        )

    merge.run = run


def _look_up_one_table() -> None:
    """Ask the tables of DuckLake's metadata about one schema, table or column.

    The emulator asks DuckDB's `duckdb_tables()` and `duckdb_columns()`, which list all there is before they filter:
    10 ms each, growing with every table and every result kept, and each of dbt's models causes some twenty of them.
    The metadata's layout is DuckLake's specification 1.0: `end_snapshot` is NULL in what exists now.
    """
    import duckdb
    from local_bigquery.catalog import datasets, tables
    from local_bigquery.engine import database, types
    from local_bigquery.sql.rules import partitions

    of_any_database, columns_of_any = database.objects, tables.columns

    def metadata(project: str, kind: str) -> str:
        return f"{database.quote(f'__ducklake_metadata_{project}')}.main.ducklake_{kind}"

    def is_lake(project: str) -> bool:  # results of queries are kept in a plain database
        database.connection()  # the first one attaches what the folder holds
        return project in database._attached

    def dataset_exists(project: str, dataset: str) -> bool:
        return is_lake(project) and bool(
            database.fetch(
                f"SELECT 1 FROM {metadata(project, 'schema')} WHERE end_snapshot IS NULL AND schema_name = ?", [dataset]
            )
        )

    def result(table: str) -> list[tuple[str, str, int]]:
        try:
            [(rows,)] = database.fetch(f"SELECT count(*) FROM {database.quote('emulator', tables.RESULTS, table)}")
        except duckdb.CatalogException:
            return []
        return [(table, "TABLE", rows)]

    def objects(project: str, dataset: str, table: str | None = None) -> list[tuple[str, str, int]]:
        if dataset == tables.RESULTS and table:
            return result(table)
        if not is_lake(project):
            return list(of_any_database(project, dataset, table))
        schema = f"JOIN {metadata(project, 'schema')} AS s USING (schema_id)"
        current = "WHERE o.end_snapshot IS NULL AND s.end_snapshot IS NULL AND s.schema_name = $1"
        rows: list[tuple[str, str, int]] = database.fetch(
            f"""
            SELECT o.table_name, 'TABLE', coalesce(n.record_count, 0) FROM {metadata(project, "table")} AS o {schema}
            LEFT JOIN {metadata(project, "table_stats")} AS n USING (table_id)
            {current} AND o.table_name = coalesce($2, o.table_name)
            UNION ALL
            SELECT o.view_name, 'VIEW', 0 FROM {metadata(project, "view")} AS o {schema}
            {current} AND o.view_name = coalesce($2, o.view_name)
            ORDER BY 1
            """,
            [dataset, table],
        )
        return rows

    def columns_where(condition: str, project: str, dataset: str, table: str) -> set[str]:
        rows = database.fetch(
            f"""
            SELECT c.column_name FROM {metadata(project, "column")} AS c
            JOIN {metadata(project, "table")} AS o USING (table_id)
            JOIN {metadata(project, "schema")} AS s USING (schema_id)
            WHERE c.end_snapshot IS NULL AND o.end_snapshot IS NULL AND s.end_snapshot IS NULL
            AND s.schema_name = $1 AND o.table_name = $2 AND c.parent_column IS NULL AND {condition}
            """,
            [dataset, table],
        )
        return {name for (name,) in rows}

    def columns(project: str, dataset: str, table: str) -> list[Any]:
        if dataset != tables.RESULTS and not is_lake(project):
            return list(columns_of_any(project, dataset, table))
        # the columns of a result are never required
        required = set() if dataset == tables.RESULTS else columns_where("NOT c.nulls_allowed", project, dataset, table)
        with database.cursor() as cursor:
            try:
                empty = cursor.sql(f"SELECT * FROM {tables.name(project, dataset, table)} LIMIT 0")
            except duckdb.CatalogException:
                return list(columns_of_any(project, dataset, table))  # which says that there is none
            return [
                types.field(name, kind, name in required)
                for name, kind in zip(empty.columns, empty.types, strict=True)
                if name != tables.INGESTION_TIME or dataset == tables.RESULTS
            ]

    def has_ingestion_time(table: exp.Table) -> bool:
        if not (isinstance(table.this, exp.Identifier) and is_lake(table.catalog)):
            return False
        return bool(columns_where(f"c.column_name = '{tables.INGESTION_TIME}'", table.catalog, table.db, table.name))

    datasets.exists = dataset_exists
    database.objects = objects
    tables.columns = columns
    partitions._hidden = has_ingestion_time


def _read_literals() -> None:
    """Read a description from the statement; the emulator runs a query for the value of each option of each column."""
    from local_bigquery.jobs import query

    of_any_expression = query._evaluator

    def evaluator(cursor: Any) -> Callable[[exp.Expression], Any]:
        evaluate = of_any_expression(cursor)
        return lambda node: node.this if isinstance(node, exp.Literal) and node.is_string else evaluate(node)

    query._evaluator = evaluator


def _list_no_temporary_tables() -> None:
    """Tell a statement without a session at once that it has no temporary tables: its connection is new.

    The emulator lists every table of every project for it, before each statement.
    """
    from local_bigquery.jobs import query

    execute = query.execute

    class NewConnection:
        def __init__(self, cursor: Any) -> None:
            self.cursor = cursor

        def sql(self, text: str, *args: Any, **kwargs: Any) -> Any:
            asks = text.startswith("SELECT table_name FROM duckdb_tables() WHERE temporary")
            return self.cursor.sql("SELECT '' LIMIT 0" if asks else text, *args, **kwargs)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.cursor, name)

    def execute_on_new(cursor: Any, *args: Any, **kwargs: Any) -> Any:
        return execute(cursor if kwargs.get("session") else NewConnection(cursor), *args, **kwargs)

    query.execute = execute_on_new
