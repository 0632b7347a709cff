"""Serves the BigQuery emulator in this process, on loopback, until it is ended.

`python -m journey.emulator --data DIR` prints one JSON line with the ports it took, then serves. Ports are bound before
they are told, so two emulators that start together never claim the same one.

What it adds to local-bigquery 0.4.0 is in `emulator_patches.py`.
"""

import argparse
import fcntl
import json
import os
import socket
import sys
from pathlib import Path

from journey import emulator_patches
from journey.errors import BadInput
from journey.lifeline import end_with_starter

EXTENSIONS = ("ducklake", "icu", "json", "spatial")
# DuckDB looks for its extensions below HOME. They belong to this environment, not to the person who runs it.
HOME = Path(sys.prefix) / "duckdb"


def install_extensions() -> None:
    """Unpack DuckDB's extensions from their Python packages; at once where they are unpacked. For images: at build."""
    os.environ["HOME"] = str(HOME)
    import duckdb

    folder = HOME / ".duckdb" / "extensions" / f"v{duckdb.__version__}"
    if all(any(folder.glob(f"*/{name}.duckdb_extension")) for name in EXTENSIONS):
        return  # as in an image, which nobody can write to and which lacks the packages they came in

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
    emulator_patches.apply()
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
