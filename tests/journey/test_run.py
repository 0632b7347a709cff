"""The whole run as a person starts it: twice, killed, interrupted, with another source."""

import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from journey import services
from tests.journey.test_cli import JOURNEY, journey
from tests.journey.test_services import settle

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
# A week of a very small shop: every table holds something.
WEEK = ("--start", "2020-11-24", "--end", "2020-11-30")
SMALL = (*WEEK, "--scale", "0.005")


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """The state folder that the tests of this file hand on to each other."""
    with tempfile.TemporaryDirectory(prefix="journey-run-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "state"
        yield path
        services.down(path)
        assert settle(path) == []


def query(state: Path, sql: str) -> list[dict[str, object]]:
    done = journey("query", "--state", str(state), "--format", "json", sql)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, object]] = json.loads(done.stdout)
    return rows


def start(state: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [JOURNEY, "run", "--state", str(state), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until_it_says(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"the run ended without a word of {words!r}")


def test_a_first_run_shows_five_figures_and_leaves_a_report(state: Path) -> None:
    done = journey("run", "--state", str(state), *SMALL)
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in ("sessions", "orders", "match rate", "revenue difference", "unexplained difference"):
        assert figure in done.stdout
    assert f"Report: {state / 'report.html'}" in done.stdout
    assert (state / "report.html").read_text().startswith("<!DOCTYPE html>")
    note = json.loads((state / "run.json").read_text())
    assert [task["name"] for task in note["tasks"]] == [
        "synth", "load-ga4", "load-users", "load-orders", "dbt-run", "dbt-test", "report"
    ]  # fmt: skip
    assert {task["attempts"] for task in note["tasks"]} == {1}
    [built] = [task["counts"]["models"] for task in note["tasks"] if task["name"] == "dbt-run"]
    [tested] = [task["counts"]["tests"] for task in note["tasks"] if task["name"] == "dbt-test"]
    assert built >= 15
    assert tested >= 20, "dbt ends with 0 also when it finds nothing to test"


def test_a_second_run_reuses_what_is_there_and_gives_the_same_marts(state: Path) -> None:
    before = services.status(state)
    sql = "select * from marts.fct_reconciliation order by reconciliation_key"
    first = query(state, sql)
    assert first
    done = journey("run", "--state", str(state), *WEEK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "source A" not in done.stderr
    assert services.status(state) == before
    assert query(state, sql) == first


def test_a_run_that_is_killed_leaves_no_process_and_the_next_one_goes_on(state: Path) -> None:
    services.down(state)
    killed = start(state, *WEEK)
    wait_until_it_says(killed, "load-orders  started")
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert settle(state) == []
    done = journey("run", "--state", str(state), *WEEK)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ctrl_c_ends_every_process_and_says_so(state: Path) -> None:
    services.down(state)
    interrupted = start(state, *WEEK)
    wait_until_it_says(interrupted, "load-ga4     started")
    interrupted.send_signal(signal.SIGINT)
    _, said = interrupted.communicate(timeout=120)
    assert interrupted.returncode == 130
    assert "ended by SIGINT" in said
    assert settle(state) == []


def test_another_source_replaces_the_first_one_and_its_rows(state: Path, tmp_path: Path) -> None:
    days = tmp_path / "days"
    done = journey(
        "source", "--out", str(days), "--scale", "0.05", "--seed", "7", "--start", "2020-11-24", "--end", "2020-11-25"
    )
    assert done.returncode == 0, done.stderr
    done = journey("run", "--state", str(state), "--days", str(days), *WEEK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 of 7 days are missing in the GA4 export: 2020-11-26..2020-11-30" in done.stdout
    rows = query(state, "select distinct event_day as day from raw_ga4.events order by 1")
    assert [row["day"] for row in rows] == ["2020-11-24", "2020-11-25"]


def test_a_stage_that_refuses_ends_the_run_with_its_sentence_and_code(state: Path) -> None:
    done = journey("run", "--state", str(state), "--start", "2019-01-01", "--end", "2019-01-02")
    assert done.returncode == 2
    assert "check GA4_SOURCE, START and END" in done.stderr
    assert "Traceback" not in done.stderr
    services.down(state)
    assert settle(state) == []


def test_a_wrong_question_is_one_sentence(state: Path) -> None:
    done = journey("query", "--state", str(state), "select nothing from nowhere.at_all")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert settle(state) == [], "a query that started the emulator ends it again"
