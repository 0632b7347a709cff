"""The same seed and days as processes here and as pods there: the same marts, table by table."""

import base64
import os
import subprocess
from pathlib import Path

import pytest

from journey import services
from journey.settings import Settings
from tests.cluster.conftest import JOURNEY, Journey, Kubectl
from tests.cluster.marts import checksums, emulator_of
from workflows.cluster.connection import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

WINDOW = {"start": "2020-11-01", "end": "2020-11-10", "as-of": "2021-06-30"}


@pytest.fixture(scope="module")
def there(journey: Journey, cluster: Cluster) -> dict[str, str]:
    """Checksums of the marts that pods made."""
    given = [f"-p{name.replace('-', '_')}={value}" for name, value in WINDOW.items()]
    own = ["-pdataset_prefix=there_", "-pbackend_schema=shop_there"]
    done = journey("submit", *given, *own, "--watch", timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    with emulator_of(cluster) as settings:
        return checksums(settings.model_copy(update={"dataset_prefix": "there_"}))


@pytest.fixture(scope="module")
def here(kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Checksums of the marts that processes made, with the installation's salt: it is part of the hashed addresses."""
    secret = kubectl("get", "configmap", "customer-journey-parameters", "-o", "jsonpath={.data.email_salt_secret}")
    salt = kubectl("get", "secret", secret, "-o", "jsonpath={.data.salt}")
    state = tmp_path_factory.mktemp("here") / "state"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JOURNEY_")}
    environment |= {"JOURNEY_EMAIL_SALT": base64.b64decode(salt).decode()}
    words = [word for name, value in WINDOW.items() for word in (f"--{name}", value)]
    command = [str(JOURNEY), "run", "--state", str(state), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return of_state(state)


def of_state(state: Path) -> dict[str, str]:
    """Checksums of a local run's marts."""
    with services.hold(state):
        started = services.up(state, Settings.model_validate({}).project, (services.BIGQUERY,))
        try:
            reached = {"emulator_host": "BIGQUERY_EMULATOR_HOST", "storage_host": "JOURNEY_STORAGE_HOST"}
            hosts = {field: started.environment[variable] for field, variable in reached.items()}
            return checksums(Settings.model_validate(hosts))
        finally:
            services.down(state)


def test_processes_and_pods_make_the_same_marts(here: dict[str, str], there: dict[str, str]) -> None:
    assert len(here) > 10
    assert there == here
