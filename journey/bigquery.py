"""BigQuery, or an emulator of it at another endpoint: the same calls either way.

Every statement is sent from here, so that what can go wrong is said in one place: what may pass by itself is
TryAgain, what cannot is BadInput.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import requests
from google.api_core import exceptions as google
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField
from google.cloud.bigquery import client as client_module
from google.cloud.bigquery.retry import DEFAULT_RETRY

from journey.errors import BadInput, JourneyError, TryAgain
from journey.settings import Settings

# The client's own default is ten minutes a call, longer than some stages may run. The workflow's retries take over from
# here, so a failed job is not sent again by the client either (job_retry=None: with it, ten minutes come back).
RETRY = DEFAULT_RETRY.with_timeout(30)

# The client reads its uploads 100 MB at a time, which is most of the memory a load needs, and offers no setting for it.
client_module._DEFAULT_CHUNKSIZE = 8 * 2**20

_TRANSIENT = (
    google.ServerError,
    google.TooManyRequests,
    google.RetryError,
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    ConnectionError,
)
# Two writers met in one table: BigQuery's and the emulator's words for it, both sent as a plain 400.
_CONFLICT = re.compile("could not serialize access|failed to commit|transaction is aborted", re.IGNORECASE)
# Reasons that BigQuery sends with 403 and 400 though they pass: its error table, "Error messages" in the documentation.
_PASSING = {"rateLimitExceeded", "jobRateLimitExceeded", "backendError", "internalError", "jobBackendError"}
_SHARD = re.compile(r"events_(\d{8})")


@dataclass(frozen=True)
class TableSpec:
    """A table we create: where, what a row is, its columns, how it is cut and sorted."""

    dataset: str
    name: str
    description: str
    schema: tuple[SchemaField, ...]
    partition_by: str | None = None
    cluster_by: tuple[str, ...] = ()

    def id(self, settings: Settings) -> str:
        """`project.dataset.table` under these settings."""
        return f"{settings.dataset(self.dataset)}.{self.name}"


class Warehouse:
    """The datasets of one project, through BigQuery's API."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def client(self) -> bigquery.Client:
        """The client; anonymous where the settings name an emulator, Google's default credentials elsewhere.

        Raises: BadInput, when Google is meant and no credentials are found.
        """
        settings = self.settings
        config = bigquery.QueryJobConfig(labels={"application": "customer-journey"})
        options: dict[str, Any] = {}
        if settings.emulator_host:
            options = {
                "credentials": AnonymousCredentials(),
                "client_options": {"api_endpoint": settings.emulator_host},
            }
        try:
            return bigquery.Client(
                project=settings.project, location=settings.location, default_query_job_config=config, **options
            )
        except DefaultCredentialsError:
            raise BadInput(
                "no Google credentials were found and BIGQUERY_EMULATOR_HOST is not set: "
                "run `gcloud auth application-default login`, or name an emulator"
            ) from None

    @cached_property
    def _read_client(self) -> Any:
        """The Storage Read API; None leaves reading to the slower REST API."""
        from google.cloud.bigquery_storage import BigQueryReadClient

        if not self.settings.emulator_host:
            return BigQueryReadClient()
        if not self.settings.storage_host:
            return None
        import grpc
        from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

        # nested GA4 rows exceed gRPC's default message size of 4 MB
        channel = grpc.insecure_channel(self.settings.storage_host, options=[("grpc.max_receive_message_length", -1)])
        return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))

    def rows(self, sql: str, **parameters: Any) -> list[dict[str, Any]]:
        """The result as dictionaries, in the order of the query; for small results."""
        with clear_errors():
            return [dict(row.items()) for row in self._result(sql, parameters)]

    def arrow(self, sql: str, **parameters: Any) -> pa.Table:
        """The whole result as one Arrow table."""
        with clear_errors():
            result = self._result(sql, parameters)
            return result.to_arrow(
                bqstorage_client=self._read_client, create_bqstorage_client=self._read_client is not None
            )

    def arrow_batches(self, sql: str, **parameters: Any) -> Iterator[pa.RecordBatch]:
        """The result in batches, holding few of them in memory at a time."""
        with clear_errors():
            result = self._result(sql, parameters)
            yield from result.to_arrow_iterable(bqstorage_client=self._read_client, max_queue_size=2)

    def execute(self, sql: str, **parameters: Any) -> int:
        """Run a statement; returns the rows it inserted, updated and deleted (0 for DDL)."""
        with clear_errors():
            job = self.client.query(sql, job_config=_config(parameters), retry=RETRY, job_retry=None)
            job.result(retry=RETRY, job_retry=None)
            return job.num_dml_affected_rows or 0

    def _result(self, sql: str, parameters: dict[str, Any]) -> Any:
        job = self.client.query(sql, job_config=_config(parameters), retry=RETRY, job_retry=None)
        return job.result(retry=RETRY, job_retry=None)

    def ensure_dataset(self, name: str) -> None:
        """Create one of our datasets where it does not exist."""
        with clear_errors():
            dataset = bigquery.Dataset(self.settings.dataset(name))
            dataset.location = self.settings.location
            try:
                self.client.create_dataset(dataset, exists_ok=True, retry=RETRY)
            except google.BadRequest as error:
                if not _CONFLICT.search(str(error)):
                    raise
                # another stage made it at the same moment: now it is there
                self.client.create_dataset(dataset, exists_ok=True, retry=RETRY)

    def ensure_table(self, spec: TableSpec) -> None:
        """Create the table and its dataset where they do not exist; add columns that an older table lacks.

        Raises: BadInput, when a column is there with another type.
        """
        self.ensure_dataset(spec.dataset)
        wanted = bigquery.Table(spec.id(self.settings), schema=list(spec.schema))
        wanted.description = spec.description
        if spec.partition_by:
            wanted.time_partitioning = bigquery.TimePartitioning(field=spec.partition_by)
        if spec.cluster_by:
            wanted.clustering_fields = list(spec.cluster_by)
        with clear_errors():
            found = self.client.create_table(wanted, exists_ok=True, retry=RETRY)
            have = {field.name: field for field in found.schema}
            for field in spec.schema:
                if field.name in have and _kind(have[field.name]) != _kind(field):
                    raise BadInput(
                        f"{spec.id(self.settings)}.{field.name} is {have[field.name].field_type} and should be "
                        f"{field.field_type}: drop the table to have it made anew, or give another DATASET_PREFIX"
                    )
            missing = [field for field in spec.schema if field.name not in have]
            if missing:
                found.schema = [*found.schema, *missing]
                self.client.update_table(found, ["schema"], retry=RETRY)

    def load_parquet(self, path: Path, table_id: str, schema: list[SchemaField], replace: bool = True) -> int:
        """Load a Parquet file into a table by one load job, in place of its rows or after them; returns the rows."""
        disposition = bigquery.WriteDisposition
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=schema,
            write_disposition=disposition.WRITE_TRUNCATE if replace else disposition.WRITE_APPEND,
        )
        options = bigquery.ParquetOptions()
        options.enable_list_inference = True
        config.parquet_options = options
        with clear_errors(), path.open("rb") as file:
            job = self.client.load_table_from_file(file, table_id, job_config=config, num_retries=2)
            while not job.done(retry=RETRY):  # result() alone looks after one to three seconds, then ever less often
                time.sleep(0.2)
            job.result(retry=RETRY)
            return job.output_rows or 0

    def export_days(self, source: str) -> dict[date, str]:
        """The days that a GA4 export holds, in order, each with the full id of its events_YYYYMMDD table.

        Raises: BadInput, when there is no such dataset.
        """
        try:
            with clear_errors():
                names = [table.table_id for table in self.client.list_tables(source, retry=RETRY)]
        except NotFound:
            raise BadInput(
                f"there is no dataset {source}: check GA4_SOURCE (project.dataset), and that you may read it"
            ) from None
        days = {}
        for name in names:
            if shard := _SHARD.fullmatch(name):
                try:
                    days[datetime.strptime(shard[1], "%Y%m%d").date()] = f"{source}.{name}"
                except ValueError:  # events_20209999 is somebody's own table
                    continue
        return dict(sorted(days.items()))


class NotFound(BadInput):
    """A dataset or table that is named does not exist."""


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn the client's exceptions into ours, one sentence each.

    Raises: TryAgain for what may pass by itself (5xx, 429, a lost connection, two writers in one table); NotFound and
    BadInput for the rest.
    """
    try:
        yield
    except JourneyError:
        raise
    except _TRANSIENT as error:
        raise TryAgain(
            f"BigQuery does not answer: {_first_line(error)}; try again, or check BIGQUERY_EMULATOR_HOST"
        ) from error
    except google.NotFound as error:
        raise NotFound(f"BigQuery has no such thing: {_first_line(error)}") from error
    except google.GoogleAPICallError as error:
        if _PASSING & {reason.get("reason") for reason in error.errors or ()}:
            raise TryAgain(f"BigQuery is busy: {_first_line(error)}; try again") from error
        if _CONFLICT.search(str(error)):
            raise TryAgain(f"another writer was in the same table: {_first_line(error)}; try again") from error
        raise BadInput(f"BigQuery refuses: {_first_line(error)}") from error
    except GoogleAuthError as error:
        raise BadInput(f"Google refuses the credentials: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    """The client's message without the request's address and the job's id, which help nobody."""
    text = getattr(error, "message", None) or str(error)
    text = (
        re.sub(r"^(GET|POST|PUT|PATCH|DELETE) \S+: ", "", str(text).strip()).splitlines()[0]
        if str(text).strip()
        else type(error).__name__
    )
    return text[:300].rstrip(". ")


def _kind(field: SchemaField) -> tuple[str, str]:
    """Type and mode, whichever of BigQuery's two spellings of a type is used."""
    spelling = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "STRUCT": "RECORD"}
    return spelling.get(field.field_type, field.field_type), "REPEATED" if field.mode == "REPEATED" else "ONE"


_TYPES: dict[type, str] = {
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    str: "STRING",
    Decimal: "NUMERIC",
    datetime: "TIMESTAMP",
    date: "DATE",
}


def _config(parameters: dict[str, Any]) -> bigquery.QueryJobConfig:
    """Named parameters, typed by the Python value; a list is an array of its first element's type."""
    given: list[bigquery.ScalarQueryParameter | bigquery.ArrayQueryParameter] = []
    for name, value in parameters.items():
        if isinstance(value, list):
            given.append(bigquery.ArrayQueryParameter(name, _TYPES[type(value[0])] if value else "STRING", value))
        else:
            given.append(bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value))
    return bigquery.QueryJobConfig(query_parameters=given)
