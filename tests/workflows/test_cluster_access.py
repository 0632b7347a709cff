"""The ways to a cluster that are closed: each is one sentence with its exit code, and nothing hangs."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

JOURNEY = Path(sys.executable).with_name("journey")
COMMANDS = [["apply"], ["submit"], ["backfill", "--start", "2020-11-01", "--end", "2020-11-02"]]

KUBE_CONFIG = """
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
users: [{{name: u, user: {{token: none}}}}]
"""


def journey(*words: str, config: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JOURNEY_", "PG"))}
    environment |= {"KUBECONFIG": str(config), "COLUMNS": "120"}
    return subprocess.run([JOURNEY, *words], env=environment, capture_output=True, text=True, check=False, timeout=60)


def refused(done: subprocess.CompletedProcess[str], code: int, sentence: str) -> None:
    """One sentence, on stderr, and its exit code."""
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A kube config whose cluster's port nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    config = tmp_path / "config"
    config.write_text(KUBE_CONFIG.format(server=f"https://127.0.0.1:{port}"))
    return config


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_cluster_that_does_not_answer_asks_to_be_tried_again(words: list[str], closed: Path) -> None:
    sentence = "the cluster of context here does not answer (Failed to establish a new connection: [Errno 111]"
    refused(journey(*words, config=closed), 75, sentence)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_without_a_kube_config_it_says_how_to_come_by_one(words: list[str], tmp_path: Path) -> None:
    refused(journey(*words, config=tmp_path / "none"), 2, f"there is no kube config {tmp_path}/none: make a cluster")


def test_a_context_that_is_not_there_names_those_that_are(closed: Path) -> None:
    refused(journey("submit", "--context", "there", config=closed), 2, "has no context 'there'; it has here")


BROKEN = {
    "empty": "",
    "no YAML": "a: [",
    "a list": "[]",
    "without contexts": "apiVersion: v1\nkind: Config\n",
    "a current context that is not there": KUBE_CONFIG.format(server="https://127.0.0.1").replace(
        "current-context: here", "current-context: gone"
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_kube_config_that_is_damaged_is_named(case: str, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(BROKEN[case])
    refused(journey("apply", config=config), 2, f"the kube config {config} cannot be used: ")


def test_a_key_that_a_kube_config_names_and_is_not_there(tmp_path: Path) -> None:
    config = tmp_path / "config"
    text = KUBE_CONFIG.format(server="https://127.0.0.1:1").replace(
        "token: none", "client-key: gone, client-certificate: gone"
    )
    config.write_text(text)
    refused(journey("apply", config=config), 2, "the kube config's context 'here' cannot be used: ")


def test_what_is_wrong_by_itself_is_refused_before_the_cluster_is_asked(closed: Path) -> None:
    refused(journey("submit", "-p", "seed", config=closed), 2, "'seed' is no parameter with a value")
    done = journey("backfill", "--start", "2020-11-02", "--end", "2020-11-01", config=closed)
    refused(done, 2, "END 2020-11-01 lies before START 2020-11-02")
    refused(journey("backfill", "--start", "", "--end", "", config=closed), 2, "a backfill needs its days")


@pytest.mark.parametrize("command", ["apply", "submit", "backfill"])
def test_help_has_examples_and_loads_no_kubernetes(command: str) -> None:
    code = f"import sys; sys.argv[1:] = ['{command}', '--help']\nfrom journey.cli import app\n"
    code += "try: app()\nexcept SystemExit: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Examples:" in done.stdout
    assert {"kubernetes", "hera", "yaml", "workflows"} & set(done.stdout.split()) == set()
