"""What the marts of a run hold, told so that two runs can be compared: a checksum a table."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from journey.bigquery import Warehouse
from journey.settings import Settings
from workflows.cluster.connection import Cluster

DATASETS = ("intermediate", "marts", "evaluation")
OF_ONE_RUN = {"rpt_model_results", "rpt_test_results"}  # with dbt's id of the run
WITHIN_CLUSTER = {"BIGQUERY_EMULATOR_HOST": 9050, "JOURNEY_STORAGE_HOST": 9060}


@contextmanager
def forwarded(cluster: Cluster, target: str, port: int) -> Iterator[int]:
    """A free loopback port that leads to a port of a service in the cluster."""
    command = ["kubectl", "--context", cluster.context, "-n", cluster.namespace, "port-forward", target, f":{port}"]
    forward = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert forward.stdout
        taken = re.search(r":(\d+) ->", forward.stdout.readline())
        assert taken, f"no port-forward to {target}"
        yield int(taken[1])
    finally:
        forward.terminate()
        forward.wait()


@contextmanager
def emulator_of(cluster: Cluster) -> Iterator[Settings]:
    """Settings that reach the cluster's emulator from here."""
    with ExitStack() as ways:
        rest, storage = (
            ways.enter_context(forwarded(cluster, "service/customer-journey-bigquery-emulator", port))
            for port in WITHIN_CLUSTER.values()
        )
        settings = Settings.model_validate({})
        yield settings.model_copy(
            update={"emulator_host": f"http://127.0.0.1:{rest}", "storage_host": f"127.0.0.1:{storage}"}
        )


def checksums(settings: Settings) -> dict[str, str]:
    """Rows and SHA-256 of the sorted rows of every table that dbt builds past staging, by `dataset.table`."""
    warehouse = Warehouse(settings)
    found = {}
    for dataset in DATASETS:
        tables = warehouse.rows(f"select table_name from `{settings.dataset(dataset)}`.INFORMATION_SCHEMA.TABLES")
        for name in sorted(row["table_name"] for row in tables):
            if name in OF_ONE_RUN:
                continue
            rows = warehouse.rows(f"select * from `{settings.dataset(dataset)}.{name}`")
            lines = sorted(json.dumps(row, default=str, sort_keys=True) for row in rows)
            digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
            found[f"{dataset}.{name}"] = f"{len(lines)} rows {digest}"
    return found
