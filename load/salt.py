"""The salt of the hashed e-mail addresses, beside the addresses themselves.

A table, so that it stands in no SQL text: dbt writes those to its logs and artifacts, BigQuery to the history of its
jobs. Whoever may read raw_backend reads the addresses in clear anyway.
"""

import pyarrow as pa
import pyarrow.parquet as pq
from google.cloud.bigquery import SchemaField

from journey.bigquery import NotFound, TableSpec, Warehouse
from load.extract import scratch_folder

EMAIL_SALT = TableSpec(
    dataset="raw_backend",
    name="email_salt",
    description="Grain: the installation, so one row. What goes before an e-mail address when it is hashed.",
    schema=(SchemaField("salt", "STRING", description="JOURNEY_EMAIL_SALT as load-users was given it."),),
)


def write_salt(warehouse: Warehouse) -> None:
    """Make raw_backend.email_salt hold the salt of the settings; nothing is sent where it does.

    Raises: TryAgain, when BigQuery does not answer.
    """
    salt = warehouse.settings.email_salt
    table = EMAIL_SALT.id(warehouse.settings)
    try:
        held = [row["salt"] for row in warehouse.rows(f"select salt from `{table}`")]
    except NotFound:
        held = []
    if held == [salt]:
        return
    warehouse.ensure_table(EMAIL_SALT)
    with scratch_folder() as folder:
        file = folder / "email_salt.parquet"
        pq.write_table(pa.table({"salt": [salt]}), file)
        warehouse.load_parquet(file, table, list(EMAIL_SALT.schema))
