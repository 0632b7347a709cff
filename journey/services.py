"""The BigQuery emulator and PostgreSQL of a local run: start them, find them again, end them.

They keep their data and a note of their processes (`services.json`) in the state folder. A service that a command
starts ends with that command, also by kill -9 (journey/lifeline.py), unless the command says `keep`.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

from journey.errors import BadInput, TryAgain

BIGQUERY = "bigquery"
POSTGRES = "postgres"
START_SECONDS = 90  # seen: 3 s for either; a first start unpacks DuckDB's extensions, and machines are noisy


@dataclass(frozen=True)
class Service:
    """A running service: its process, and what it said of itself when it was ready."""

    pid: int
    created: float  # the process's start time: a pid alone may have been given to another process since
    ready: dict[str, Any]


@dataclass
class Started:
    """Services of this command; those it started itself end with it until `keep` is called."""

    environment: dict[str, str] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    lifelines: list[IO[bytes]] = field(default_factory=list)

    def keep(self) -> None:
        """Let the services outlive this command."""
        for line in self.lifelines:
            line.write(b"keep\n")
            line.close()
        self.lifelines.clear()


@contextmanager
def hold(state: Path) -> Iterator[None]:
    """Own the state folder for as long as the block runs; a killed owner owns nothing.

    Raises: BadInput, when the folder cannot be written or another command owns it.
    """
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("a+")
    except OSError as error:
        raise BadInput(
            f"the state folder {state} cannot be written: {error.strerror}; name another with --state"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                f"another journey command is using {state}: wait for it, or name another with --state"
            ) from None
        yield


def up(state: Path, project: str, names: tuple[str, ...] = (BIGQUERY, POSTGRES), port: int = 0) -> Started:
    """Start what of `names` is not running; returns the environment that reaches them.

    Raises: BadInput, when a service says why it cannot start; TryAgain, when it does not become ready.
    """
    running = status(state)
    services = Started()
    for name in names:
        if name in running and name == BIGQUERY and port and running[name].ready["port"] != port:
            raise BadInput(f"the emulator runs on port {running[name].ready['port']} already: `journey down` ends it")
        if name not in running:
            running[name] = _start(state, name, _command(state, name, project, port), services)
            _write(state, running)
        services.environment |= _environment(name, running[name], project)
    return services


def status(state: Path) -> dict[str, Service]:
    """The services of this state folder that are alive."""
    return {name: service for name, service in _read(state).items() if _process(service)}


def down(state: Path) -> list[str]:
    """End the services of this state folder; returns the names of those that ran."""
    ended = []
    for name, service in _read(state).items():
        if process := _process(service):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(10)
            ended.append(name)
        if name == POSTGRES:
            _end_orphan(state / POSTGRES)
    (state / "services.json").unlink(missing_ok=True)
    return ended


def _command(state: Path, name: str, project: str, port: int) -> list[str]:
    data = str((state / name).resolve())
    if name == POSTGRES:
        return [sys.executable, "-m", "journey.embedded_postgres", "--data", data]
    emulator = [sys.executable, "-m", "journey.emulator", "--with-starter", "--data", data]
    return [*emulator, "--project", project, "--port", str(port)]


def _environment(name: str, service: Service, project: str) -> dict[str, str]:
    if name == POSTGRES:
        return {"PGHOST": service.ready["host"], "PGPORT": "5432", "PGUSER": "postgres", "PGDATABASE": "postgres"}
    return {
        "BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{service.ready['port']}",
        "JOURNEY_STORAGE_HOST": f"127.0.0.1:{service.ready['grpc_port']}",
        "GOOGLE_CLOUD_PROJECT": project,
    }


def _start(state: Path, name: str, command: list[str], services: Started) -> Service:
    logs = state / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
    assert process.stdin
    assert process.stdout
    services.lifelines.append(process.stdin)
    services.started.append(name)
    line = process.stdout.readline()
    ready = json.loads(line) if line.startswith(b"{") else {}
    if "error" in ready:
        raise BadInput(ready["error"])
    if not ready:
        raise TryAgain(f"{name} ended while it started: see {logs / f'{name}.log'}")
    if name == BIGQUERY:
        _wait_until_it_answers(ready["port"], logs / f"{name}.log")
    return Service(process.pid, psutil.Process(process.pid).create_time(), ready)


def _wait_until_it_answers(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/docs", timeout=START_SECONDS):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise TryAgain(f"the BigQuery emulator does not answer on port {port}: see {log}")


def _process(service: Service) -> psutil.Process | None:
    try:
        process = psutil.Process(service.pid)
        alive = abs(process.create_time() - service.created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None


def _end_orphan(data: Path) -> None:
    """PostgreSQL is a daemon: where its keeper was killed with -9, the pid file it wrote is what is left."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        if process.name() == "postgres" and abs(process.create_time() - int(lines[2])) < 60:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            process.wait(30)
    except (FileNotFoundError, psutil.NoSuchProcess, IndexError, ValueError):
        return


def _read(state: Path) -> dict[str, Service]:
    try:
        noted = json.loads((state / "services.json").read_text())
        return {name: Service(**service) for name, service in noted.items()}
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return {}


def _write(state: Path, services: dict[str, Service]) -> None:
    draft = state / f"services.json.{os.getpid()}"
    draft.write_text(json.dumps({name: asdict(service) for name, service in services.items()}, indent=1))
    draft.replace(state / "services.json")
