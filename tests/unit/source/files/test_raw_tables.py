"""Files of every kind, staged as raw tables: the same rows come out, whatever the file is."""

import bz2
import csv
import gzip
import io
import json
import lzma
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, Modality
from pipeline.records.records import Records
from pipeline.source.files.raw_table import SPACE
from pipeline.source.files.raw_tables import RawTables
from pipeline.source.files.table_file import TableFile

Rows = list[tuple[object, ...]]

DATASET = Dataset("files", (Modality("A"),), ())

ROWS = [["1", 'quo"ted, and more'], ["2", "two\nlines"], ["ä ß 𝄞", None], ["4", "tab\there; x"]]

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda content: pa.Codec("zstd").compress(content, asbytes=True),
}


def staged(folder: Path, table: TableFile, frames: dict[str, pd.DataFrame] | None = None) -> Rows:
    """The rows of a file with their numbers, in order; there must be no problems."""
    with Records(DATASET) as records, RawTables(records, folder) as tables:
        for path, frame in (frames or {}).items():
            tables.add(path, frame)
        raw = tables.of(table)
        assert records.store.rows("SELECT * FROM problems") == []
        assert raw is not None
        names = ", ".join(column.name for column in raw.columns.values())
        return records.store.rows(f"SELECT row, {names} FROM {raw.name} ORDER BY row")


def delimited(header: list[str], rows: list[list[str | None]], delimiter: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([header, *rows])
    return text.getvalue()


def write_sqlite(path: Path, rows: list[list[str | None]]) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE "the rows" (a TEXT, b TEXT)')
        connection.executemany('INSERT INTO "the rows" VALUES (?, ?)', rows)


def numbered(rows: list[list[str | None]]) -> Rows:
    """What a raw table of these rows holds: texts trimmed, empty rows left out but counted."""
    cells = [tuple(cell.strip(SPACE) or None if cell is not None else None for cell in row) for row in rows]
    return [(number, *row) for number, row in enumerate(cells, start=1) if any(cell is not None for cell in row)]


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_compressed_files(tmp_path: Path, suffix: str) -> None:
    pack = COMPRESSIONS[suffix]
    (tmp_path / f"a.csv{suffix}").write_bytes(pack(delimited(["a", "b"], ROWS).encode()))
    lines = "".join(json.dumps(dict(zip("ab", row, strict=True))) + "\n" for row in ROWS)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(pack(lines.encode()))
    for name in ("a.csv", "a.jsonl"):
        assert staged(tmp_path, TableFile(path=name + suffix)) == numbered(ROWS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "windows-1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    rows: list[list[str | None]] = [["ä", "ß"], ["é\nè", '"']]
    (tmp_path / "a.csv").write_bytes(delimited(["ä", "b"], rows).encode(encoding))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(delimited(["ä", "b"], rows).encode(encoding)))
    for name in ("a.csv", "a.csv.gz"):
        # A byte order mark needs no word of the user.
        given_encoding = None if encoding.startswith("utf-8") else encoding
        assert staged(tmp_path, TableFile(path=name, encoding=given_encoding)) == numbered(rows)


def test_delimiters_and_quotes_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a;b\n'1;2';''''\n\"3;4\n", encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.csv", delimiter=";", quote="'")) == [(1, "1;2", "'"), (2, '"3', "4")]
    (tmp_path / "a.tsv").write_text('a\tb\n"x\t"y" z\n', encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.tsv", quote="")) == [(1, '"x', '"y" z')]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines(tmp_path: Path, end: str) -> None:
    text = delimited(["a", "b"], ROWS, end=end).replace("two\nlines", "two lines")
    (tmp_path / "a.csv").write_bytes(text.encode())
    rows = [[cell and cell.replace("\n", " ") for cell in row] for row in ROWS]
    assert staged(tmp_path, TableFile(path="a.csv")) == numbered(rows)
    (tmp_path / "a.csv").write_bytes(text.rstrip("\r\n").encode())
    assert staged(tmp_path, TableFile(path="a.csv")) == numbered(rows)


def test_mixed_ends_of_lines_and_blank_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\r\n1,2\n3,4\r\n\n5,6\n\n")
    assert staged(tmp_path, TableFile(path="a.csv")) == [(1, "1", "2"), (2, "3", "4"), (3, "5", "6")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"", b'"4\n'])
def test_without_a_header_the_first_row_is_data(tmp_path: Path, mark: bytes, end: bytes) -> None:
    # A last line that is broken brings the whole file to the careful reader.
    (tmp_path / "a.tsv").write_bytes(mark + b"1\tx\n2\ty\n\n" + end)
    table = TableFile(path="a.tsv", header=False, columns=("id", "name"))
    with Records(DATASET) as records:
        raw = RawTables(records, tmp_path).of(table)
        assert raw is not None
        assert list(raw.columns) == ["id", "name"]
        assert records.store.rows(f"SELECT row, c0, c1 FROM {raw.name} ORDER BY row") == [(1, "1", "x"), (2, "2", "y")]
        assert records.store.rows("SELECT row FROM problems") == ([(3,)] if end else [])


@pytest.mark.parametrize("end", ["", "4::a\n"])
def test_a_delimiter_of_two_characters_holds_quotes_for_signs(tmp_path: Path, end: str) -> None:
    # A row that lacks a cell brings the file to the careful reader.
    (tmp_path / "a.dat").write_text(f'1::Star: "x" ::b\n2::"Open::\n\n3::::é\n{end}', encoding="latin-1")
    table = TableFile(path="a.dat", format="csv", delimiter="::", encoding="latin-1", header=False, columns=("id", "name", "kind"))
    with Records(DATASET) as records:
        raw = RawTables(records, tmp_path).of(table)
        assert raw is not None
        rows = records.store.rows(f"SELECT row, c0, c1, c2 FROM {raw.name} ORDER BY row")
        assert rows == [(1, "1", 'Star: "x"', "b"), (2, "2", '"Open', None), (3, "3", None, "é")]
        assert records.store.rows("SELECT row, expected FROM problems") == ([(4, "3 columns")] if end else [])


def test_rows_are_numbered_where_they_have_no_id(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\nx\ny\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text('{"a": "x"}\n{"a": "?"}\n', encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.csv", number="n")) == [(1, "1", "x"), (2, "2", "y")]
    assert staged(tmp_path, TableFile(path="a.jsonl", number="n", null=("?",))) == [(1, "1", "x"), (2, "2", None)]
    with Records(DATASET) as records:
        assert RawTables(records, tmp_path).of(TableFile(path="a.csv", number="a")) is None
        found = records.store.rows("SELECT place, expected, found FROM problems")
        assert found == [("a.csv", "no column a, which is to number the rows", "one of that name")]


@pytest.mark.parametrize("first", ["2", '"2\n"'])
def test_what_ragged_rows_lack_at_their_ends_is_empty(tmp_path: Path, first: str) -> None:
    # A line break in a quoted cell brings the file to the careful reader, which says the same.
    (tmp_path / "a.tsv").write_text(f"x\t1\t{first}\ny\t1\n\nz\nw\t1\t\t\nv\t1\t2\t3\n", encoding="utf-8")
    table = TableFile(path="a.tsv", header=False, columns=("r", "a", "b", "c"), ragged=True)
    assert staged(tmp_path, table) == [
        (1, "x", "1", "2", None),
        (2, "y", "1", None, None),
        (3, "z", None, None, None),
        (4, "w", "1", None, None),
        (5, "v", "1", "2", "3"),
    ]
    (tmp_path / "b.csv").write_text("r,a,b,c\nx,1\ny,1,2,3\n", encoding="utf-8")
    assert staged(tmp_path, TableFile(path="b.csv", ragged=True)) == [(1, "x", "1", None, None), (2, "y", "1", "2", "3")]


def test_a_ragged_row_has_no_more_cells_than_there_are_columns(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("x\t1\ny\t1\t2\t3\nz\t1\t2\n", encoding="utf-8")
    with Records(DATASET) as records:
        raw = RawTables(records, tmp_path).of(TableFile(path="a.tsv", header=False, columns=("r", "a", "b"), ragged=True))
        assert raw is not None
        assert records.store.rows(f"SELECT row, c0, c1, c2 FROM {raw.name} ORDER BY row") == [
            (1, "x", "1", None),
            (3, "z", "1", "2"),
        ]
        assert records.store.rows("SELECT row, expected FROM problems") == [(2, "at most 3 columns")]


def test_a_column_without_a_header_may_hold_any_sign(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("Eco, Umberto; and others\n", encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.tsv", header=False, columns=("a",))) == [(1, "Eco, Umberto; and others")]


def test_null_markers_are_missing_in_every_kind_of_file(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [["1", "\\N"], [" NA ", "NAN"], ["\\n", None]]
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    (tmp_path / "a.csv").write_text(delimited(["a", "b"], rows), encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(frame.to_json(orient="records", lines=True), encoding="utf-8")
    frame.to_parquet(tmp_path / "a.parquet")
    write_sqlite(tmp_path / "a.db", rows)
    for path in ("a.csv", "a.jsonl", "a.parquet", "a.db#the rows", "frame.csv"):
        found = staged(tmp_path, TableFile(path=path, null=("\\N", "NA")), {"frame.csv": frame})
        assert found == [(1, "1", None), (2, None, "NAN"), (3, "\\n", None)], path
        # Another part of a description may read the same file without.
        assert staged(tmp_path, TableFile(path=path), {"frame.csv": frame}) == numbered(rows)


def test_null_markers_in_lists(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": ["x", " NA "]}\n{"a": "NA"}\n', encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.jsonl", null=("NA",))) == [(1, ["x", None]), (2, [None])]


def test_names_of_files_are_no_patterns(tmp_path: Path) -> None:
    (tmp_path / "[a]*.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("a\n2\n", encoding="utf-8")
    (tmp_path / "it's ?.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    assert staged(tmp_path, TableFile(path="[a]*.csv")) == [(1, "1")]
    assert staged(tmp_path, TableFile(path="it's ?.jsonl")) == [(1, "1")]


def test_columns_that_differ_by_case_only_are_two(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,ID,,\n1,2,,\n", encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.csv")) == [(1, "1", "2")]


def test_json_lines_hold_lists_objects_and_gaps(tmp_path: Path) -> None:
    lines = ['{"a/b~c": 1.0, "l": ["x", " y ", null]}', "", '{"l": "z", "o": {"p": [1]}}', '{"a/b~c": "1.0", "l": null}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert staged(tmp_path, TableFile(path="a.jsonl")) == [
        (1, "1", ["x", " y ", None], None),
        (3, None, ["z"], '{"p":[1]}'),
        (4, "1.0", None, None),
    ]


def test_whole_numbers_in_columns_of_floats_are_whole(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [1.0, None, 2.5, 1e300], "list": [[1.0, 2.5], None, [], [3.0]]})
    frame.to_parquet(tmp_path / "a.parquet")
    expected = [(1, "1", [1.0, 2.5]), (3, "2.5", []), (4, "1e+300", [3.0])]
    assert staged(tmp_path, TableFile(path="a.parquet")) == expected
    assert staged(tmp_path, TableFile(path="nowhere.parquet"), {"nowhere.parquet": frame}) == expected
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE a (id REAL, content BLOB)")
        connection.executemany("INSERT INTO a VALUES (?, ?)", [(1.0, b"\x00\xff"), (2.5, None), (1e300, b"a")])
    assert staged(tmp_path, TableFile(path="a.db#a")) == [(1, "1", "00ff"), (2, "2.5", None), (3, "1e+300", "61")]
    query = TableFile(path="a.db", sql="SELECT id + 1 AS id FROM a WHERE content IS NULL")
    assert staged(tmp_path, query) == [(1, "3.5")]


def test_frames_of_mixed_types_are_texts(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "a": [1, "x", None],
            "day": pd.to_datetime(["2026-11-23", None, "2026-01-01T10:00"], format="ISO8601"),
            3: [True, False, True],
        }
    )
    assert staged(tmp_path, TableFile(path="a.csv"), {"a.csv": frame}) == [
        (1, "1", "2026-11-23 00:00:00", "true"),
        (2, "x", None, "false"),
        (3, None, "2026-01-01 10:00:00", "true"),
    ]


def test_a_file_is_staged_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n", encoding="utf-8")
    with Records(DATASET) as records:
        tables = RawTables(records, tmp_path)
        assert tables.of(TableFile(path="a.csv")) is tables.of(TableFile(path="a.csv"))


# Surrogates are no characters, NUL ends texts in too many places, and a text for every reader ends its lines with \n.
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=8), careful=st.booleans())
def test_what_goes_in_comes_out_of_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str | None]], careful: bool
) -> None:
    folder = tmp_path_factory.mktemp("files", numbered=True)
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=object)
    # A last line that is broken brings the whole file to the careful reader.
    last = b'"\xff' if careful else b""
    (folder / "a.csv").write_bytes(delimited(["a", "b"], rows, end="\n").encode() + last)
    (folder / "a.tsv").write_bytes(delimited(["a", "b"], rows, "\t", end="\n").encode() + last)
    lines = [json.dumps(dict(zip("ab", row, strict=True)), ensure_ascii=careful) + "\n" for row in rows]
    (folder / "a.jsonl").write_bytes("".join(lines).encode() + last)
    frame.to_parquet(folder / "a.parquet")
    write_sqlite(folder / "a.db", rows)
    with Records(DATASET) as records:
        tables = RawTables(records, folder)
        tables.add("frame.csv", frame)
        for path in ("a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.db#the rows", "frame.csv"):
            raw = tables.of(TableFile(path=path))
            assert raw is not None
            assert records.store.rows(f"SELECT row, c0, c1 FROM {raw.name} ORDER BY row") == numbered(rows), path
        found = records.store.rows("SELECT DISTINCT place, row FROM problems ORDER BY place")
    assert found == [(path, len(rows) + 1) for path in ("a.csv", "a.jsonl", "a.tsv") if careful]


PIECES = st.sampled_from(
    [b"a", b",", b'"', b'""', b"\n", b"\r\n", b"\r", b"\xff", b"\0", b"\x01", b'{"a": 1}', b"{", b"}", b"\xc3\xa9", b" "]
)


@settings(max_examples=15, deadline=None)
@given(contents=st.lists(st.lists(PIECES, max_size=20).map(b"".join), min_size=1, max_size=5))
def test_whatever_a_file_holds_every_row_is_staged_or_a_problem(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("files", numbered=True)
    with Records(DATASET) as records:
        tables = RawTables(records, folder)
        for place, content in enumerate(contents):
            for name, header in ((f"{place}.csv", b"a,b\n"), (f"{place}.jsonl", b'{"a": 0}\n')):
                (folder / name).write_bytes(header + content)
                raw = tables.of(TableFile(path=name))
                bad = [row for (row,) in records.store.rows("SELECT DISTINCT row FROM problems WHERE place = ?", [name])]
                if raw is None:
                    assert bad == [None]
                else:
                    good = [row for (row,) in records.store.rows(f"SELECT row FROM {raw.name}")]
                    assert len(set(good)) == len(good)
                    assert not set(good) & set(bad)
                    assert set(good) | set(bad) <= set(range(1, raw.num_rows + 1))
                    empty = [note.split()[1] for note in records.notes if note.startswith(f"{name}: ")]
                    # Blank lines of JSON lines are rows of which nobody wants to hear.
                    assert name.endswith(".jsonl") or len(good) + len(bad) + sum(map(int, empty)) == raw.num_rows
