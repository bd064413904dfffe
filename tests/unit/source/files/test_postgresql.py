"""Tables of a real PostgreSQL: values as those of any file, one state of all, and what is said where one cannot be read."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from pipeline.domain.progress import no_progress
from pipeline.records.problems import SourceProblems
from pipeline.records.records import Records
from pipeline.source.described.description_file import parse_description
from pipeline.source.described.source import DescribedSource
from pipeline.source.files import postgresql as module
from pipeline.source.files.postgresql import PostgresqlSnapshot
from pipeline.source.files.raw_tables import RawTables
from pipeline.source.files.table_file import TableFile
from tests.postgresql import PASSWORD, PostgresqlServer
from tests.unit.source.files.test_raw_tables import DATASET, staged


@pytest.fixture
def shop(postgresql: PostgresqlServer) -> Iterator[str]:
    """The URL of a database, gone afterwards, whose own settings write values otherwise."""
    postgresql.run("CREATE DATABASE shop")
    postgresql.run("ALTER DATABASE shop SET datestyle = 'SQL, DMY'", "ALTER DATABASE shop SET timezone = 'Asia/Tokyo'")
    yield postgresql.url("shop")
    postgresql.run("DROP DATABASE shop WITH (FORCE)")


def problem(table: TableFile) -> tuple[str, str]:
    """What is expected of a table, and what is found."""
    with Records(DATASET) as records, RawTables(records) as tables:
        assert tables.of(table) is None
        ((place, row, expected, found),) = records.store.rows("SELECT place, row, expected, found FROM problems")
        assert (place, row) == (table.place, None)
        return expected, found


VALUES: list[tuple[str, object]] = [
    ("NULL::int", None),
    ("''", None),
    ("' a  b '", "a  b"),
    ("'ä ß 𝄞'", "ä ß 𝄞"),
    ("'a'::char(5)", "a"),
    ("42::smallint", "42"),
    ("9223372036854775807", "9223372036854775807"),
    ("1.50::numeric(8, 2)", "1.50"),
    ("3::float8", "3"),
    ("0.1::float8", "0.1"),
    ("'NaN'::float8", "NaN"),
    ("true", "true"),
    ("date '2026-11-23'", "2026-11-23"),
    ("timestamp '2026-11-23 18:44'", "2026-11-23 18:44:00"),
    ("timestamptz '2026-11-23 18:44+02'", "2026-11-23 16:44:00+00"),
    ("'7d444840-9dc0-11d1-b245-5ffdce74fad2'::uuid", "7d444840-9dc0-11d1-b245-5ffdce74fad2"),
    ("""'{"a": [1]}'::jsonb""", '{"a":[1]}'),
    ("""'"text"'::json""", "text"),
    ("'null'::jsonb", None),
    ("""'["x", "y", null, 1.5]'::jsonb""", ["x", "y", None, "1.5"]),
    ("ARRAY['x, y', NULL, 'z\"']", ["x, y", None, 'z"']),
    ("ARRAY[1, 2]", ["1", "2"]),
    ("ARRAY[0.5, 3]::float8[]", ["0.5", "3"]),
    ("ARRAY[date '2026-11-23']", ["2026-11-23"]),
    ("ARRAY[]::text[]", []),
    ("NULL::text[]", None),
    (r"'\x00ff'::bytea", r"\x00ff"),
]
"""As SQL has them, and what a raw table has for them."""


def test_values(tmp_path: Path, shop: str) -> None:
    cells = ", ".join(f'{value} AS "value {number}"' for number, (value, _) in enumerate(VALUES))
    ((_, *found),) = staged(tmp_path, TableFile(path=shop, sql=f"SELECT {cells}; "))
    assert dict(zip(dict(VALUES), found, strict=True)) == dict(VALUES)


def test_tables_views_and_queries_under_any_name(tmp_path: Path, postgresql: PostgresqlServer, shop: str) -> None:
    postgresql.run(
        "CREATE SCHEMA stock",
        'CREATE TABLE stock."Old ""books"" 2" (a int, "select" text)',
        """INSERT INTO stock."Old ""books"" 2" VALUES (1, 'x'), (2, NULL), (NULL, NULL), (3, 'y')""",
        'CREATE VIEW "stock.views" AS SELECT a FROM stock."Old ""books"" 2"',
        "CREATE TABLE empty (a int, b text[])",
        database="shop",
    )
    assert staged(tmp_path, TableFile(path=f'{shop}#stock.Old "books" 2')) == [(1, "1", "x"), (2, "2", None), (4, "3", "y")]
    assert staged(tmp_path, TableFile(path=f"{shop}#stock.views")) == [(1, "1"), (2, "2"), (4, "3")]
    assert staged(tmp_path, TableFile(path=f"{shop}#empty")) == []
    query = TableFile(path=shop, sql="WITH two AS (VALUES (2), (1)) SELECT column1 AS n FROM two ORDER BY 1 -- in order")
    assert staged(tmp_path, query) == [(1, "1"), (2, "2")]


def test_more_rows_than_are_held_at_once(tmp_path: Path, shop: str) -> None:
    rows = staged(tmp_path, TableFile(path=shop, sql="SELECT i, i % 7 AS g FROM generate_series(1, 25000) AS i"))
    assert rows == [(i, str(i), str(i % 7)) for i in range(1, 25_001)]


def test_what_is_wrong_is_told_and_what_to_do(postgresql: PostgresqlServer, shop: str) -> None:
    postgresql.run("CREATE TABLE books (isbn text)", "CREATE TABLE authors (id text)", database="shop")
    assert problem(TableFile(path=f"{shop}#book")) == ("the table book", "authors, books; did you mean books?")
    query = "a query that gives rows"
    expected, found = problem(TableFile(path=shop, sql="SELECT isbm FROM books"))
    assert (expected, found) == (query, 'column "isbm" does not exist; Perhaps you meant to reference the column "books.isbn".')
    for sql in ("DELETE FROM books RETURNING isbn", "DROP TABLE books", ""):
        assert problem(TableFile(path=shop, sql=sql or " "))[0] == query
    assert problem(TableFile(path=shop, sql="SELECT 1 AS a, 2 AS a")) == ("every column name once", "a several times")
    assert problem(TableFile(path=shop, sql="SELECT FROM books")) == ("a table with columns", "one without")
    writing = "SELECT nextval('numbers')"
    postgresql.run("CREATE SEQUENCE numbers", database="shop")
    assert problem(TableFile(path=shop, sql=writing)) == (query, "cannot execute nextval() in a read-only transaction")
    waiting = TableFile(path=f"{shop}?options=-c%20statement_timeout%3D1s", sql="SELECT pg_sleep(60)")
    assert problem(waiting)[1].startswith("canceling statement due to statement timeout; statement_timeout gives it more")
    locked = TableFile(path=f"{shop}?options=-c%20lock_timeout%3D1s#books")
    with psycopg.connect(shop) as other:
        other.execute("LOCK TABLE books")
        expected, found = problem(locked)
        assert expected == "a table that can be read"
        assert found.startswith("canceling statement due to lock timeout; another one holds a lock on the table")


def test_passwords_come_from_outside_the_file(
    tmp_path: Path, postgresql: PostgresqlServer, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.run("CREATE TABLE books (isbn text)", "INSERT INTO books VALUES ('b1')", database="shop")
    postgresql.run("CREATE TABLE hidden (a int)", "GRANT SELECT ON books TO shop", database="shop")
    books = TableFile(path=f"{postgresql.shop_url('shop')}#books")
    for name in ("PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    expected, found = problem(books)
    assert expected == "a PostgreSQL database that answers"
    assert found == "no password supplied; say it in ~/.pgpass (or the file of PGPASSFILE), in PGPASSWORD, or by password_env"
    with_variable = books.model_copy(update={"password_env": "SHOP_PASSWORD"})
    assert problem(with_variable) == (expected, "no environment variable SHOP_PASSWORD, which password_env says holds the password")
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret")
    expected, found = problem(with_variable)
    assert found.startswith('password authentication failed for user "shop"')
    assert "s3cret" not in found
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    assert staged(tmp_path, with_variable) == [(1, "b1")]
    hidden = with_variable.model_copy(update={"path": books.path.replace("#books", "#hidden")})
    assert problem(hidden)[1] == "permission denied for table hidden; GRANT SELECT to the user of the URL"
    with monkeypatch.context() as patch:
        patch.setenv("PGPASSWORD", PASSWORD)
        assert staged(tmp_path, books) == [(1, "b1")]
    passfile = tmp_path / "pgpass"
    passfile.write_text(f"127.0.0.1:{postgresql.port}:*:shop:{PASSWORD}\n", encoding="utf-8")
    passfile.chmod(0o600)
    with monkeypatch.context() as patch:
        patch.setenv("PGPASSFILE", str(passfile))
        assert staged(tmp_path, books) == [(1, "b1")]
    services = tmp_path / "services"
    services.write_text(
        f"[shop]\nhost=127.0.0.1\nport={postgresql.port}\nuser=shop\ndbname=shop\npassword={PASSWORD}\n", encoding="utf-8"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    assert staged(tmp_path, TableFile(path="postgresql:///?service=shop#books")) == [(1, "b1")]


def test_servers_that_are_not_there_or_do_not_answer() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        nobody = TableFile(path=f"postgresql://shop@127.0.0.1:{port}/shop#books")
        assert problem(nobody)[1].startswith("Connection refused; ")
        silent.listen()
        table = TableFile(path=f"postgresql://shop@127.0.0.1:{port}/shop?connect_timeout=2#books")
        assert problem(table)[1] == "connection timeout expired"
    misspelt = TableFile(path="postgresql:///shop?conect_timeout=2#books")
    assert problem(misspelt)[1] == 'invalid URI query parameter: "conect_timeout"'


def test_a_server_that_falls_silent(postgresql: PostgresqlServer, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GRACE_SECONDS", 1)
    with closing(PostgresqlSnapshot(f"{shop}?options=-c%20statement_timeout%3D1s", None)) as snapshot:
        ((process,),) = snapshot.rows("SELECT pg_backend_pid()")
        os.kill(process, signal.SIGSTOP)
        try:
            with pytest.raises(module.SourceError, match="timeout"):
                snapshot.rows("SELECT 1")
        finally:
            os.kill(process, signal.SIGCONT)


def described(shop: str) -> DescribedSource:
    members = [{"modality": "Book", "column": "book"}, {"modality": "Reader", "column": "reader"}]
    content = {
        "name": "shop",
        "modalities": {"Book": {"table": f"{shop}#books", "key": "isbn"}, "Reader": {}},
        "hyperedges": {"Loan": {"table": {"path": shop, "sql": "SELECT book, reader FROM loans"}, "members": members}},
    }
    return DescribedSource(*parse_description(content, "shop.toml"))


def test_one_state_of_all_tables(postgresql: PostgresqlServer, shop: str) -> None:
    postgresql.run(
        "CREATE TABLE books (isbn text)",
        "INSERT INTO books VALUES ('b1')",
        "CREATE TABLE loans (book text, reader text)",
        "INSERT INTO loans VALUES ('b1', 'r1')",
        database="shop",
    )
    with Records(DATASET) as records, RawTables(records) as tables:
        books, loans = TableFile(path=f"{shop}#books"), TableFile(path=f"{shop}#loans")
        assert tables.of(books) is not None
        # What is lent meanwhile is of a book that had not been there.
        postgresql.run("INSERT INTO books VALUES ('b2')", "INSERT INTO loans VALUES ('b2', 'r1')", database="shop")
        raw = tables.of(loans)
        assert raw is not None
        assert raw.num_rows == 1
    with described(shop).read(no_progress) as records:
        records.check()
        assert (records.num_rows("Book"), records.num_rows("Loan")) == (2, 2)
    assert postgresql.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hyperlearn'") == [(0,)]


def test_tables_are_recognised_by_their_rows(postgresql: PostgresqlServer, shop: str) -> None:
    def run(*statements: str) -> str:
        postgresql.run(*statements, database="shop")
        return described(shop).fingerprint()

    first = run(
        "CREATE TABLE books (isbn text, price numeric)",
        "INSERT INTO books VALUES ('b1', 1.5), ('b2', NULL)",
        "CREATE TABLE loans (book text, reader text, note text)",
        "INSERT INTO loans VALUES ('b1', 'r1', 'x')",
    )
    assert described(shop).fingerprint() == first
    assert run("DELETE FROM books WHERE isbn = 'b1'", "INSERT INTO books VALUES ('b1', 1.5)") == first, "another order"
    assert run("UPDATE loans SET note = 'y'") == first, "what the query does not read"
    seen = {first}
    for statement in (
        "UPDATE books SET price = 2 WHERE isbn = 'b2'",
        "INSERT INTO books VALUES ('b2', 2)",
        "UPDATE loans SET reader = 'r2'",
        "ALTER TABLE books RENAME COLUMN price TO hashed",
        "UPDATE books SET isbn = 'b3' WHERE isbn = 'b1'",
    ):
        found = run(statement)
        assert found not in seen
        seen.add(found)
    # One that cannot be read is never taken for unchanged.
    assert run("DROP TABLE loans") != run()
    with pytest.raises(SourceProblems, match='relation "loans" does not exist'), described(shop).read(no_progress) as records:
        records.check()
