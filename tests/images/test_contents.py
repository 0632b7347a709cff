"""Each image's code runs with the packages of that image, and with none of another's. Needs no docker."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.images.dockerfile import ROOT

MAIN = "from journey.cli import main; main()"


def inside(image: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.images.inside", image, code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("synth", "import synth.backend, synth.source"),
        ("load-ga4", "import load.ga4"),
        ("load-backend", "import load.backend"),
        ("report", "import report.page"),
        ("dbt", "import dbt.cli.main, dbt.adapters.bigquery"),
        ("bigquery-emulator", "import journey.emulator, local_bigquery, local_bigquery.grpc.server, uvicorn"),
    ],
)
def test_a_stage_needs_nothing_that_its_image_lacks(image: str, code: str) -> None:
    done = inside(image, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("load-ga4", "import synth.backend"),
        ("load-ga4", "import load.backend"),  # psycopg2 is in the other load image
        ("load-backend", "import pandas"),
        ("report", "import workflows.run"),
        ("dbt", "import journey"),
        ("synth", "import duckdb"),
    ],
)
def test_what_another_image_holds_is_missed(image: str, code: str) -> None:
    done = inside(image, code)
    assert "ModuleNotFoundError: the image holds no " in done.stderr


@pytest.mark.parametrize("image", ["synth", "load-ga4", "load-backend", "report"])
def test_the_command_line_of_every_stage_answers(image: str) -> None:
    done = inside(image, MAIN, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage: " in done.stdout


def test_the_synth_image_fills_source_a(tmp_path: Path) -> None:
    done = inside("synth", MAIN, "source", "--scale", "0.001", "--out", str(tmp_path), "--end", "2020-11-02")
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("events_*.parquet"))) == 2
