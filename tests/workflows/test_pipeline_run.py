"""The real pipeline, run here, with stand-ins for the two commands that say how they were called."""

import json
import os
from pathlib import Path

import pytest

from tests.workflows.made_up import Ran, Runner
from workflows.pipeline import template

STAND_IN = """#!{python}
import json, os, pathlib, sys
name = pathlib.Path(sys.argv[0]).name
told = {{"command": [name, *sys.argv[1:]], "cwd": os.getcwd(), "environment": dict(os.environ)}}
with open(os.environ["TOLD"], "a") as file:
    file.write(json.dumps(told) + "\\n")
if name == "journey":
    pathlib.Path(os.environ["JOURNEY_COUNTS"]).write_text(json.dumps({{"stage": sys.argv[1], "rows": 3}}))
if "--out" in sys.argv:
    pathlib.Path(sys.argv[-1]).write_text("<title>report</title>")
sys.exit(int(os.environ.get("FAIL") == " ".join(sys.argv[1:])))
"""
LOADS = [["journey", "load", "ga4"], ["journey", "load", "users"], ["journey", "load", "orders"]]


@pytest.fixture
def commands(tmp_path: Path) -> dict[str, str]:
    """An environment in which `journey` and `dbt` are the stand-ins."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("journey", "dbt"):
        (folder / name).write_text(STAND_IN.format(python=os.path.realpath("/proc/self/exe")))
        (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TOLD": str(tmp_path / "told")}


def told(ran: Ran) -> list[dict[str, object]]:
    return [json.loads(line) for line in (ran.folder / "told").read_text().splitlines()]


def test_the_stages_run_in_the_order_of_the_picture(runner: Runner, commands: dict[str, str]) -> None:
    ran = runner(template, environment=commands)
    assert ran.result.succeeded
    called = [call["command"] for call in told(ran)]
    report = str(ran.folder / "outputs" / "report" / "report.html")
    assert called[0] == ["journey", "synth"]
    assert sorted(called[1:4], key=str) == sorted(LOADS, key=str)
    assert called[4:] == [["dbt", "run"], ["dbt", "test"], ["journey", "report", "--out", report]]
    assert Path(report).read_text() == "<title>report</title>"
    assert [t.counts for t in ran.result.tasks if t.name == "load-users"] == [{"stage": "load", "rows": 3}]


def test_every_stage_gets_the_settings_of_the_run(runner: Runner, commands: dict[str, str]) -> None:
    given = {"start": "2020-11-11", "end": "2020-11-12", "gap_rate": "0.2", "dataset_prefix": "mine_"}
    ran = runner(template, given, commands)
    for call in told(ran):
        environment = call["environment"]
        assert isinstance(environment, dict)
        assert environment["JOURNEY_START"] == "2020-11-11"
        assert environment["JOURNEY_END"] == "2020-11-12"
        assert environment["JOURNEY_GAP_RATE"] == "0.2"
        assert environment["JOURNEY_DATASET_PREFIX"] == "mine_"
        assert environment["JOURNEY_AS_OF"] == ""
        assert environment["JOURNEY_COUNTS"].startswith(str(ran.folder / "outputs"))


def test_every_stage_runs_in_the_project_s_folder(runner: Runner, commands: dict[str, str]) -> None:
    project = str(Path(__file__).parent.parent.parent)
    assert {call["cwd"] for call in told(runner(template, environment=commands))} == {project}


def test_the_password_reaches_the_stages_that_connect_and_is_in_no_log(
    runner: Runner, commands: dict[str, str]
) -> None:
    ran = runner(template, environment={**commands, "PGPASSWORD": "s3cret"})
    assert ran.result.succeeded
    assert not any("s3cret" in path.read_text() for path in (ran.folder / "logs").iterdir())


@pytest.mark.parametrize(
    ("failing", "omitted"),
    [
        ("synth", ["load-ga4", "load-users", "load-orders", "dbt-run", "dbt-test", "report"]),
        ("load users", ["dbt-run", "dbt-test", "report"]),
        ("test", ["report"]),
    ],
)
def test_a_failed_stage_leaves_out_what_comes_after_it(
    runner: Runner, commands: dict[str, str], failing: str, omitted: list[str]
) -> None:
    ran = runner(template, environment={**commands, "FAIL": failing})
    assert ran.told("omitted") == omitted
    assert not ran.result.succeeded
