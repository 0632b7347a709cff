"""Serves the BigQuery emulator in this process, on loopback, until it is ended.

`python -m journey.emulator --data DIR` prints one JSON line with the ports it took, then serves. Ports are bound before
they are told, so two emulators that start together never claim the same one.

What it adds to local-bigquery 0.4.0 are two answers that BigQuery gives and dbt needs (`_answer_as_bigquery`), and
MERGE within a transaction (`_merge_in_transactions`).
"""

import argparse
import fcntl
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from journey.errors import BadInput
from journey.lifeline import end_with_starter

EXTENSIONS = ("ducklake", "icu", "json", "spatial")
# DuckDB looks for its extensions below HOME. They belong to this environment, not to the person who runs it.
HOME = Path(sys.prefix) / "duckdb"


def install_extensions() -> None:
    """Unpack DuckDB's extensions from their Python packages; at once where they are unpacked. For images: at build."""
    os.environ["HOME"] = str(HOME)
    import duckdb
    import duckdb_extensions

    HOME.mkdir(exist_ok=True)
    with (HOME / "lock").open("a") as lock, duckdb.connect() as connection:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two emulators that start together must not unpack over each other
        # all four, also those built into DuckDB: setting a time zone on connecting looks for icu's file
        for name in EXTENSIONS:
            duckdb_extensions.import_extension(name, con=connection)


def serve(data: Path, project: str, host: str, port: int, grpc_port: int) -> None:
    """Serve until SIGTERM. A port of 0 takes a free one.

    Raises: BadInput, when a port is taken or the folder cannot be written.
    """
    listener = _listen(host, port)
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the emulator cannot keep its data in {data}: {error.strerror}; name a folder you may write"
        ) from None
    install_extensions()

    import uvicorn
    from local_bigquery.grpc import server
    from local_bigquery.settings import settings

    settings.data_dir = data
    settings.default_project_id = project
    settings.default_dataset_id = "local"
    _answer_as_bigquery()
    _merge_in_transactions()
    try:
        storage, grpc_port = server.start(host, grpc_port)
    except RuntimeError:
        raise BadInput(f"port {grpc_port} is in use: give another, or 0 for a free one") from None
    print(json.dumps({"port": listener.getsockname()[1], "grpc_port": grpc_port}), flush=True)
    config = uvicorn.Config("local_bigquery:app", log_level="warning", timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listener])
    storage.stop(None)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise BadInput(f"port {port} is in use ({error.strerror}): give another, or 0 for a free one") from None


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
    from sqlglot import exp

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


def main() -> None:
    """The command line of the emulator's container and of local runs."""
    parser = argparse.ArgumentParser(prog="python -m journey.emulator", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the tables")
    parser.add_argument("--project", default="customer-journey", help="project of queries that name none")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (in a pod: 0.0.0.0)")
    parser.add_argument("--port", type=int, default=0, help="REST port, 0: a free one")
    parser.add_argument("--grpc-port", type=int, default=0, help="Storage API port, 0: a free one")
    parser.add_argument("--with-starter", action="store_true", help="end when standard input closes without `keep`")
    given = parser.parse_args()
    if given.with_starter:
        end_with_starter()
    try:
        serve(given.data, given.project, given.host, given.port, given.grpc_port)
    except BadInput as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
