"""Services of a local run: found again, ended with their starter, and clear about what stops them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg2
import pytest

from journey import services
from journey.bigquery import Warehouse
from journey.errors import BadInput
from journey.settings import Settings


def processes_of(state: Path) -> list[psutil.Process]:
    """Every process whose command line names the state folder."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or ())
        if str(state) in words and process.pid != os.getpid() and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def settle(state: Path, seconds: float = 45) -> list[psutil.Process]:
    """The processes that are still there after a while."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(state)) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def test_services_are_found_again_and_end_when_told(mortal: tuple[Settings, Path]) -> None:
    settings, state = mortal
    assert set(services.status(state)) == {"bigquery", "postgres"}
    assert services.up(state, settings.project).started == []
    assert Warehouse(settings).rows("select 1 as n") == [{"n": 1}]
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        cursor.execute("show server_version_num")
        assert cursor.fetchone() is not None
    connection.close()
    assert services.down(state) == ["bigquery", "postgres"]
    assert settle(state) == []
    assert services.down(state) == []


def test_services_end_with_a_starter_that_is_killed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    program = (
        "import sys, time; from pathlib import Path; from journey import services; "
        f"services.up(Path({str(state)!r}), 'customer-journey'); print('up', flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"up\n"
        assert len(processes_of(state)) >= 3
        starter.send_signal(signal.SIGKILL)
    assert settle(state) == []
    # what the killed run left behind does not disturb the next one
    assert services.status(state) == {}
    again = services.up(state, "customer-journey")
    assert again.started == ["bigquery", "postgres"]
    services.down(state)
    assert settle(state) == []


def test_postgres_whose_keeper_was_killed_is_found_and_ended(mortal: tuple[Settings, Path]) -> None:
    _, state = mortal
    keeper = services.status(state)["postgres"]
    os.kill(keeper.pid, signal.SIGKILL)
    services.down(state)
    assert settle(state) == []


def test_a_pid_that_another_process_has_since_is_not_ours(tmp_path: Path) -> None:
    mine = psutil.Process()
    noted = {"bigquery": {"pid": mine.pid, "created": mine.create_time() - 1000, "ready": {"port": 1, "grpc_port": 2}}}
    (tmp_path / "services.json").write_text(json.dumps(noted))
    assert services.status(tmp_path) == {}
    assert services.down(tmp_path) == []


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=rf"port {port} is in use.*give another"):
            services.up(tmp_path / "state", "customer-journey", (services.BIGQUERY,), port=port)


def test_a_state_folder_that_cannot_be_written_is_named() -> None:
    with pytest.raises(BadInput, match="/sys/journey cannot be written"), services.hold(Path("/sys/journey")):
        pass


def test_one_command_at_a_time_owns_a_state_folder(tmp_path: Path) -> None:
    refused = pytest.raises(BadInput, match="another journey command is using")
    with services.hold(tmp_path), refused, services.hold(tmp_path):
        pass
    with services.hold(tmp_path):
        pass


def test_a_note_that_was_cut_short_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "services.json").write_text('{"bigquery": {"pi')
    assert services.status(tmp_path) == {}
