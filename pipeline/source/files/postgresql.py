"""PostgreSQL databases, each as it is at one moment: read only, and one state of all its tables.

The only module that imports psycopg. Where the server is and who asks, libpq finds as it does for psql: the URL, ``PGPASSWORD``,
``~/.pgpass``, service files. Nothing that is secret comes back from here: messages of libpq name the user and the host.
"""

import logging
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipeline.errors import SourceError

# What it has to say becomes our own error.
logging.getLogger("psycopg").setLevel(logging.ERROR)

_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 30 * 60
_LOCK_SECONDS = 60
_GRACE_SECONDS = 30
_CHUNK = 2_000

_AT_SERVER = re.compile(r"^connection failed: (connection to server .*?failed: )?(FATAL: +|fe_sendauth: )?")
"""What libpq says first, and the URL says as well."""

_SETTINGS = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    # So that a table that nobody changes comes in the same order every time.
    "synchronize_seqscans": "off",
}
"""How values are written as texts, whatever the server's own settings are."""


class _Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that does not wait for ever."""

    answer_seconds: float = _CONNECT_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for an answer, at most as long as one may take."""
        return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)


class PostgresqlSnapshot:
    """One state of a database, until it is closed.

    Parameters
    ----------
    url
        Where it is; no password is in it.
    password_env
        The environment variable that holds the password, where it is neither ``PGPASSWORD`` nor in a file.

    Raises
    ------
    SourceError
        If it cannot be reached, or refuses the user.
    """

    def __init__(self, url: str, password_env: str | None) -> None:
        if password_env is not None and password_env not in os.environ:
            raise SourceError(f"no environment variable {password_env}, which password_env says holds the password")
        try:
            own: dict[str, str | int] = {"keepalives_idle": _GRACE_SECONDS, "fallback_application_name": "hyperlearn"}
            if "PGCONNECT_TIMEOUT" not in os.environ:
                own["connect_timeout"] = _CONNECT_SECONDS
            given = conninfo_to_dict(url)
            own = {name: value for name, value in own.items() if name not in given} | {"client_encoding": "utf8"}
            where = make_conninfo(url, **own)
            self._connection = _Connection.connect(where, password=os.environ[password_env] if password_env else None)
        except psycopg.Error as error:
            raise SourceError(_in_words(error)) from None
        try:
            self._begin()
        except psycopg.Error as error:
            self.close()
            raise SourceError(_in_words(error)) from None

    def close(self) -> None:
        """Give the connection back; a second call does nothing."""
        self._connection.close()

    def rows(self, query: str, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a short result.

        Raises
        ------
        SourceError
            If the server refuses the query.
        """
        return list(self._answers(query, parameters, chunk=None))

    def described(self, query: str) -> list[tuple[str, int]]:
        """Names and types (numbers of ``pg_type``) of the columns of a query, which is not run.

        Raises
        ------
        SourceError
            If the server refuses the query.
        """
        try:
            # An error undoes what is inside, and not the state that is read.
            with self._connection.transaction():
                found = self._connection.execute(f"SELECT * FROM (\n{query}\n) AS described LIMIT 0".encode()).description
        except psycopg.Error as error:
            raise SourceError(_in_words(error)) from None
        return [(column.name, column.type_code) for column in found or ()]

    def stream(self, query: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a long result; few of them are in memory.

        Raises
        ------
        SourceError
            If the server refuses the query, or goes on answering no more.
        """
        return self._answers(query, None, chunk=_CHUNK)

    def _answers(self, query: str, parameters: Sequence[object] | None, chunk: int | None) -> Iterator[tuple[Any, ...]]:
        try:
            with self._connection.transaction():
                if chunk is None:
                    yield from self._connection.execute(query.encode(), parameters).fetchall()
                    return
                with self._connection.cursor("hyperlearn") as cursor:
                    cursor.execute(query.encode(), parameters)
                    while rows := cursor.fetchmany(chunk):
                        yield from rows
        except psycopg.Error as error:
            raise SourceError(_in_words(error)) from None
        except UnicodeDecodeError as error:
            raise SourceError(f"texts that are not UTF-8 ({error.reason}) in a database without an encoding") from None

    def _begin(self) -> None:
        """Begin the one transaction, and with it the state that is read."""
        connection = self._connection
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        limits = {"statement_timeout": _ANSWER_SECONDS, "lock_timeout": _LOCK_SECONDS}
        for name, seconds in limits.items():
            ((own,),) = connection.execute("SELECT setting::bigint / 1000 FROM pg_settings WHERE name = %s", [name]).fetchall()
            limits[name] = own or seconds
        settings = _SETTINGS | {name: f"{seconds}s" for name, seconds in limits.items()}
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        connection.answer_seconds = limits["statement_timeout"] + _GRACE_SECONDS


def _in_words(error: psycopg.Error) -> str:
    """What the server or libpq says, in a line, with what to do where that is known."""
    said = error.diag.message_primary or _AT_SERVER.sub("", str(error))
    text = "; ".join(line.strip() for line in said.splitlines() if line.strip()) or "no answer in time"
    hint = error.diag.message_hint
    if isinstance(error, psycopg.OperationalError) and "password" in text:
        hint = "say it in ~/.pgpass (or the file of PGPASSFILE), in PGPASSWORD, or by password_env"
    elif isinstance(error, psycopg.errors.InsufficientPrivilege):
        hint = "GRANT SELECT to the user of the URL"
    elif isinstance(error, psycopg.errors.QueryCanceled):
        hint = "statement_timeout gives it more (?options=-c%20statement_timeout%3D2h)"
    elif isinstance(error, psycopg.errors.LockNotAvailable):
        hint = "another one holds a lock on the table; try again later"
    return f"{text}; {hint}" if hint else text
