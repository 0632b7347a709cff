"""The made-up shop in PostgreSQL: its schema, its rows, and the guard that keeps a real shop from being replaced by it.

All happens in one transaction: a kill half-way leaves the shop of before; who reads meanwhile waits for the new one.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection, cursor
from pyarrow import RecordBatch

from journey.errors import BadInput, TryAgain
from synth.copy import copy_rows

MARK = "Made up by journey synth."
SCHEMA_COMMENT = f"{MARK} Every run replaces users, orders and order_items; do not keep anything of your own in them."
TABLES = ("users", "orders", "order_items")  # in the order of their foreign keys
LOCK_SECONDS = 30
OBJECTS_OF_SCHEMA = """
select count(*) from pg_depend
where refclassid = 'pg_namespace'::regclass and refobjid = to_regnamespace(%s)
"""
COMMENTS_OF_TABLES = """
select c.relname, obj_description(c.oid, 'pg_class')
from pg_class as c
where c.relnamespace = to_regnamespace(%s) and c.relname in %s
"""


def replace_shop(target: connection, schema: str, rows: Mapping[str, Iterable[RecordBatch]]) -> dict[str, int]:
    """Put these rows of users, orders and order_items in place of the schema's tables; returns their number by table.

    Raises: BadInput, when the schema or a table in it was not made by synth, when something of the user's hangs on one,
    or when the role may not do it; TryAgain, when the server goes away or the tables stay locked.
    """
    with clear_errors(schema), target, target.cursor() as run:
        run.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        run.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"journey synth {schema}",))
        check_is_ours(run, schema)
        make_tables(run, schema)
        copied = {name: copy_rows(target, schema, name, rows[name], is_new=True) for name in TABLES}
        make_keys(run, schema)
    return copied


def make_tables(run: cursor, schema: str) -> None:
    """The schema and its three tables, empty, in place of those that synth made before; without keys and indexes."""
    run.execute("select to_regnamespace(%s)", (quoted(schema),))
    if run.fetchone() == (None,):
        run.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    run.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(schema), sql.Literal(SCHEMA_COMMENT)))
    for name in reversed(TABLES):  # no cascade: what hangs on a table and is not ours must stop us
        run.execute(sql.SQL("drop table if exists {}").format(sql.Identifier(schema, name)))
    _run_file(run, "shop.sql", schema)


def make_keys(run: cursor, schema: str) -> None:
    """Primary, unique and foreign keys and the indexes, over the rows that are there."""
    run.execute("set local maintenance_work_mem = '256MB'")
    _run_file(run, "shop_keys.sql", schema)


def check_is_ours(run: cursor, schema: str) -> None:
    """Let through a schema that does not exist, is empty, or was made by synth together with its tables.

    Raises: BadInput, for any other: it may be a real shop.
    """
    run.execute("select obj_description(to_regnamespace(%s), 'pg_namespace')", (quoted(schema),))
    (comment,) = run.fetchone() or (None,)
    run.execute(OBJECTS_OF_SCHEMA, (quoted(schema),))
    (objects,) = run.fetchone() or (0,)
    refusal = (
        f"the PostgreSQL schema {schema} holds {{what}}, so nothing was changed: "
        "set JOURNEY_BACKEND=existing to read that shop, or JOURNEY_BACKEND_SCHEMA to another name to make one up"
    )
    if objects and not (comment or "").startswith(MARK):
        raise BadInput(refusal.format(what="things that journey synth did not make"))
    run.execute(COMMENTS_OF_TABLES, (quoted(schema), TABLES))
    for name, said in run.fetchall():
        if not (said or "").startswith(MARK):
            raise BadInput(refusal.format(what=f"a table {name} that journey synth did not make"))


def quoted(name: str) -> str:
    """A name as to_regnamespace reads it; it would fold an unquoted one."""
    return '"' + name.replace('"', '""') + '"'


def _run_file(run: cursor, name: str, schema: str) -> None:
    text = (files("synth") / "sql" / name).read_text(encoding="utf-8")
    run.execute(sql.SQL(text).format(schema=sql.Identifier(schema)))


@contextmanager
def clear_errors(schema: str) -> Iterator[None]:
    """Turn PostgreSQL's errors into ours, one sentence each. In every case the shop is as it was."""
    try:
        yield
    except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
        raise TryAgain(
            f"someone holds the tables of schema {schema} for more than {LOCK_SECONDS} s ({_line(error)}): "
            "try again, or end that session"
        ) from None
    except errors.DependentObjectsStillExist as error:
        hanging = (error.diag.message_detail or _line(error)).splitlines()[0]
        raise BadInput(
            f"the made-up shop in schema {schema} cannot be replaced, something of yours hangs on it ({hanging}): "
            "drop that, or set JOURNEY_BACKEND_SCHEMA to another name"
        ) from None
    except errors.InsufficientPrivilege as error:
        raise BadInput(
            f"PostgreSQL does not let this role make the schema {schema} ({_line(error)}): "
            "grant it create on the database and ownership of the schema, or name another role in PGUSER"
        ) from None
    except psycopg2.IntegrityError as error:  # of a quadrillion ids, a seed may draw one twice
        raise BadInput(
            f"the rows made up break a rule of the shop ({_line(error)}), so nothing was changed: "
            "give another JOURNEY_SEED"
        ) from None
    except errors.DiskFull as error:
        raise TryAgain(f"PostgreSQL's disk is full ({_line(error)}): free some space there") from None
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        raise TryAgain(
            f"PostgreSQL went away while the shop was written ({_line(error)}): the shop of before is kept, try again"
        ) from None


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
