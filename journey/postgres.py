"""A connection to the shop's PostgreSQL, by the variables that every PostgreSQL client reads (PGHOST and so on)."""

import os

import psycopg2
from psycopg2.extensions import connection

from journey.errors import BadInput, TryAgain

# SQLSTATE classes that no retry mends: 28 authorisation, 3D unknown database (PostgreSQL, appendix A). libpq hands
# no SQLSTATE over for a failed connection, so its message is what tells them apart.
_WRONG = ("password authentication failed", "does not exist", "no password supplied", "pg_hba.conf")


def connect() -> connection:
    """A new connection, in UTC, that is not in autocommit.

    Raises: TryAgain, when no server answers; BadInput, when it refuses the user, the password or the database.
    """
    try:
        return psycopg2.connect(
            application_name="customer-journey", connect_timeout=10, options="-c timezone=UTC -c client_encoding=UTF8"
        )
    except psycopg2.OperationalError as error:
        where = os.environ.get("PGHOST", "the default socket")
        reason = str(error).strip().splitlines()[-1]
        if any(sign in str(error) for sign in _WRONG):
            raise BadInput(
                f"PostgreSQL at {where} refuses the connection: {reason}; check PGUSER, PGDATABASE and the password"
            ) from None
        raise TryAgain(
            f"PostgreSQL at {where} does not answer: {reason}; check PGHOST and PGPORT, or start it"
        ) from None
