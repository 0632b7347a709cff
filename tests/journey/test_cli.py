"""The command line: help with examples, mistakes in one sentence with their exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

JOURNEY = Path(sys.executable).with_name("journey")
COMMANDS = [
    *("run", "up", "down", "status", "source", "synth", "load", "report", "query", "render", "lint"),
    *("apply", "submit", "backfill"),
]


def bare() -> dict[str, str]:
    """The environment without what points at services."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("JOURNEY_", "PG", "BIGQUERY_"))}
    return own | {"COLUMNS": "120"}


def journey(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([JOURNEY, *words], env=bare() | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = journey(command, "--help")
    assert done.returncode == 0
    assert "Usage: journey" in done.stdout
    assert "\x1b[" not in done.stdout, "colours are for terminals"


@pytest.mark.parametrize("command", ["run", "up", "source", "query", "render", "report"])
def test_help_has_examples(command: str) -> None:
    assert "Examples:" in journey(command, "--help").stdout


WRONG = {
    "a gap rate above one": (["run", "--gap-rate", "2"], "JOURNEY_GAP_RATE is '2.0'"),
    "an end before the start": (
        ["run", "--start", "2020-12-02", "--end", "2020-12-01"],
        "END 2020-12-01 lies before START",
    ),
    "a day that is none": (["run", "--start", "2020-02-30", "--end", "2020-12-01"], "JOURNEY_START is '2020-02-30'"),
    "a state folder that cannot be written": (["run", "--state", "/sys/journey"], "/sys/journey cannot be written"),
    "days for a source that is Google's": (["run", "--google", "--days", "days"], "leave them out with --google"),
    "an existing backend without an address": (["run", "--backend", "existing"], "PGHOST is not set"),
    "a folder of days that is not there": (["source", "--days", "/nowhere", "--out", "x"], "/nowhere"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_one_sentence_and_exit_code_2(case: str, tmp_path: Path) -> None:
    words, sentence = WRONG[case]
    done = journey(*words, JOURNEY_STATE=str(tmp_path / "state"))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_stage_without_its_database_asks_to_be_tried_again(tmp_path: Path) -> None:
    # psycopg2 fails at once where no socket is; the workflow retries on 75
    done = journey("load", "users", PGHOST=str(tmp_path), BIGQUERY_EMULATOR_HOST="http://127.0.0.1:1")
    assert done.returncode == 75
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stage_asks_the_warehouse_that_is_named_and_starts_none(tmp_path: Path) -> None:
    # a run on Google owns a state folder too, and its stages must not look for an emulator there
    (tmp_path / ".journey").mkdir()
    nobody = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json"), "NO_GCE_CHECK": "true"}
    done = subprocess.run(
        [JOURNEY, "report"], cwd=tmp_path, env=bare() | nobody, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "no Google credentials were found" in done.stderr
    assert list((tmp_path / ".journey").iterdir()) == []


def test_render_prints_what_lint_accepts(tmp_path: Path) -> None:
    done = journey("render", "--to", str(tmp_path))
    assert done.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cron-workflow.yaml", "workflow-template.yaml"]
    assert journey("render").stdout.count("apiVersion: argoproj.io/v1alpha1") == 2
    done = journey("lint")
    assert (done.returncode, done.stdout) == (0, "2 manifests, 0 problems\n")


def test_status_and_down_where_nothing_runs(tmp_path: Path) -> None:
    for command in ("status", "down"):
        done = journey(command, "--state", str(tmp_path / "state"))
        assert (done.returncode, done.stdout) == (0, f"nothing runs in {tmp_path / 'state'}\n")
