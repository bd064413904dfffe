"""Every kind of bad input, on real files: what is told, where, and how often; and that what is good goes on with a quarantine."""

import gzip
import json
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline.domain.progress import no_progress
from pipeline.records.problems import SourceProblems
from pipeline.source.described.source import DescribedSource
from pipeline.source.files.raw_tables import what_is_there

Problem = tuple[str, str | None, str, int, tuple[tuple[int | None, str], ...]]
"""Place, column, expected, how many rows, and the first of them with what was found."""

DESCRIPTION = """
name = "books"

[modalities.Book]
table = "books.csv"
key = "isbn"
[modalities.Book.properties]
year = "integer"
price = "float"
sold = "boolean"
day = "date"
tags = { type = "integers", separator = ";" }

[modalities.Author]
table = "authors.csv"
key = "id"

[[relations]]
modality = "Author"
type = "KNOWS"
table = "knows.csv"
source = "a"
target = "b"
strength = "how"

[hyperedges.Writing]
table = "writing.csv"
members = [ { modality = "Book", column = "book" }, { modality = "Author", column = "author", separator = ";" } ]
value = "part"
"""

FILES = {
    "books.csv": "isbn,year,price,sold,day,tags\nb1,1980,9.5,yes,1980-09-01,1;2\nb2,,,,,\n",
    "authors.csv": "id\na1\na2\n",
    "knows.csv": "a,b,how\na1,a2,1\n",
    "writing.csv": "book,author,part\nb1,a1,1\nb2,a1;a2,0.5\n",
}


def source(folder: Path, description: str = DESCRIPTION, **changed: str | bytes | None) -> DescribedSource:
    for name, content in FILES.items():
        wanted = changed.get(name.partition(".")[0], content)
        if wanted is not None:
            (folder / name).write_bytes(wanted if isinstance(wanted, bytes) else wanted.encode())
    (folder / "books.toml").write_text(description, encoding="utf-8")
    return DescribedSource.of_file(folder / "books.toml")


def problems(described: DescribedSource) -> list[Problem]:
    with described.read(no_progress) as records, pytest.raises(SourceProblems) as caught:
        records.check()
    return [(group.place, group.column, group.expected, group.count, group.examples) for group in caught.value.groups]


def causes(described: DescribedSource) -> dict[tuple[str, str | None], str | None]:
    """What is told of problems beside what is wrong, by place and column."""
    with described.read(no_progress) as records, pytest.raises(SourceProblems) as caught:
        records.check()
    return {(group.place, group.column): group.cause for group in caught.value.groups}


def test_good_input_is_good(tmp_path: Path) -> None:
    with source(tmp_path).read(no_progress) as records:
        records.check()
        assert records.num_rows("Writing") == 3


# Whole files


def test_files_that_are_not_there_are_told_together_with_what_else_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "author.csv").write_text("id\n", encoding="utf-8")
    (tmp_path / "knows.csv").mkdir()
    bad_books = FILES["books.csv"].replace("1980,", "19xx,")
    described = source(tmp_path, authors=None, knows=None, writing="book,author\nb1,a1\n", books=bad_books)
    assert problems(described) == [
        ("authors.csv", None, "a file", 1, ((None, "nothing there; did you mean author.csv?"),)),
        ("books.csv", "year", "a whole number", 1, ((1, "19xx"),)),
        ("knows.csv", None, "a file", 1, ((None, "a folder"),)),
        ("writing.csv", "part", "a column of that name", 1, ((None, "none; there are book, author"),)),
    ]


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    assert problems(source(tmp_path, books="isbn,price,sold,day,Year\n", writing="book,authors,part\n")) == [
        ("books.csv", "tags", "a column of that name", 1, ((None, "none; there are isbn, price, sold, day, Year"),)),
        (
            "books.csv",
            "year",
            "a column of that name",
            1,
            ((None, "none; did you mean Year? There are isbn, price, sold, day, Year"),),
        ),
        (
            "writing.csv",
            "author",
            "a column of that name",
            1,
            ((None, "none; did you mean authors? There are book, authors, part"),),
        ),
    ]


def test_a_header_that_names_nothing_that_is_described_is_one_problem(tmp_path: Path) -> None:
    described = source(tmp_path, authors="Émile\n", writing="Eco,Good Omens\nPratchett,Emma\n")
    no_header = 'if the first row is no header, say header = false, columns = ["id", …] of the table'
    assert problems(described) == [
        ("authors.csv", "id", "a column of that name", 1, ((None, f"none; there are Émile; {no_header}"),)),
        (
            "writing.csv",
            None,
            "columns book, author, part",
            1,
            ((None, f"none of them; there are Eco, Good Omens; {no_header}"),),
        ),
    ]


def test_files_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = source(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda path, _: Path(path).name != "authors.csv")
        assert problems(described) == [("authors.csv", None, "a file", 1, ((None, "one that this user may not read"),))]

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    assert what_is_there(tmp_path / "authors.csv") == "a folder on the way that this user may not look into"


def test_another_delimiter_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id,x\na1,1\n", encoding="utf-8")
    described = source(tmp_path, DESCRIPTION.replace("authors.csv", "a.tsv"), books="isbn;year\nb1;1980\n", knows="a\tb\thow\n")
    assert problems(described) == [
        ("a.tsv", None, "columns separated by tabs", 1, ((None, '",": add delimiter = "," to the table'),)),
        ("books.csv", None, "columns separated by commas", 1, ((None, '";": add delimiter = ";" to the table'),)),
        ("knows.csv", None, "columns separated by commas", 1, ((None, '"\\t": add delimiter = "\\t" to the table'),)),
    ]


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        (b"", "a header and rows", "an empty file"),
        (b"\n\nid\na1\n", "a header in the first line", "an empty line"),
        (b"id,x,x\na1,,\n", "every column name once", "x several times"),
        (b'"id\na1\n', "a header with every quote closed", '"id'),
        (b"id,\xff\na1,\n", "a header with characters in utf-8", "id,\\xff"),
    ],
)
def test_headers(tmp_path: Path, content: bytes, expected: str, found: str) -> None:
    assert problems(source(tmp_path, authors=content)) == [("authors.csv", None, expected, 1, ((None, found),))]


def test_a_modality_without_entities(tmp_path: Path) -> None:
    described = source(tmp_path, authors="id\n", knows="a,b,how\n", writing="book,author,part\n")
    assert problems(described) == [("authors.csv", None, "at least one Author", 1, ((None, "none"),))]


@pytest.mark.parametrize(
    ("name", "content", "expected", "found"),
    [
        (
            "a.csv.gz",
            gzip.compress(b"id\na1\n" * 9_000, mtime=0)[:60],
            "a table in csv",
            "a damaged .gz file: Compressed file ended before",
        ),
        ("a.csv.gz", b"id\na1\n", "a table in csv", "a damaged .gz file: Not a gzipped file"),
        ("a.csv.zst", b"id\na1\n", "a table in csv", "a damaged .zst file"),
        ("a.csv.bz2", b"id\na1\n", "a table in csv", "a damaged .bz2 file"),
        ("a.csv.xz", b"id\na1\n", "a table in csv", "a damaged .xz file"),
        ("a.parquet", b"id\na1\n", "a table in parquet", "too small to be a Parquet file"),
        ("a.db#a", b"id\na1\n" * 100, "a SQLite table", "file is not a database"),
        ("a.jsonl", b"", "an object per line", "an empty file"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, expected: str, found: str) -> None:
    (tmp_path / name.partition("#")[0]).write_bytes(content)
    ((place, column, wanted, count, ((row, what),)),) = problems(source(tmp_path, DESCRIPTION.replace("authors.csv", name)))
    assert (place, column, wanted, count, row) == (name, None, expected, 1, None)
    assert found in what
    assert str(tmp_path) not in what


def test_a_parquet_file_that_is_damaged_inside(tmp_path: Path) -> None:
    pd.DataFrame({"id": [f"a{i}" for i in range(5_000)]}).to_parquet(tmp_path / "a.parquet", compression="gzip")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    content[200:2_000] = bytes(1_800)
    (tmp_path / "a.parquet").write_bytes(content)
    ((place, _, expected, _, _),) = problems(source(tmp_path, DESCRIPTION.replace("authors.csv", "a.parquet")))
    assert (place, expected) == ("a.parquet", "a table in parquet")


def test_sqlite_tables_and_queries(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection, connection:
        connection.execute("CREATE TABLE authors (id)")
        connection.execute("INSERT INTO authors VALUES ('a1'), ('a2'), (CAST(x'61ff' AS TEXT))")
    assert problems(source(tmp_path, DESCRIPTION.replace("authors.csv", "a.db#author"))) == [
        ("a.db#author", None, "the table author", 1, ((None, "authors; did you mean authors?"),))
    ]
    assert problems(source(tmp_path, DESCRIPTION.replace("authors.csv", "a.db#authors"))) == [
        ("a.db#authors", None, "texts in utf-8", 1, ((3, "a\\xff"),))
    ]
    with source(tmp_path, DESCRIPTION.replace("authors.csv", "a.db#authors")).read(no_progress) as records:
        records.check(tmp_path / "bad.jsonl")
        assert records.frame("Author")["id"].tolist() == ["a1", "a2"]
    for sql, found in [("SELECT x FROM authors", "no such column: x"), ("DELETE FROM authors", "attempt to write a readonly")]:
        described = source(tmp_path, DESCRIPTION.replace('"authors.csv"', f'{{ path = "a.db", sql = "{sql}" }}'))
        ((place, _, expected, _, ((_, what),)),) = problems(described)
        assert (place, expected) == (f"a.db ({sql})", "a SQLite query that gives rows")
        assert found in what


def test_frames_whose_columns_cannot_be_told_apart(tmp_path: Path) -> None:
    described = source(tmp_path)
    for frame, expected, found in [
        (pd.DataFrame([[1, 2]], columns=["id", "id"]), "every column name once", "id several times"),
        (pd.DataFrame(index=[1, 2]), "a table with columns", "one without"),
    ]:
        of_frame = DescribedSource(described.description, described.dataset, tmp_path, {"authors.csv": frame})
        assert problems(of_frame) == [("authors.csv", None, expected, 1, ((None, found),))]


# Rows that cannot be read


def test_rows_of_another_shape(tmp_path: Path) -> None:
    rows = ["b1,a1,1", "b1,a2", "", "b2,a1,1,2,3", 'b2,"a2" x,1', '"b2,a2,1', "b2,a2,1"]
    described = source(tmp_path, writing="book,author,part\n" + "\n".join(rows) + "\n")
    assert problems(described) == [
        ("writing.csv", None, "3 columns", 2, ((2, "2 in b1,a2"), (3, "5 in b2,a1,1,2,3"))),
        ("writing.csv", None, "quotes round whole cells, doubled inside", 1, ((4, 'b2,"a2" x,1'),)),
        ("writing.csv", None, "every quote closed", 1, ((5, '"b2,a2,1'),)),
    ]


def test_names_of_columns_that_are_not_as_many_as_the_file_has(tmp_path: Path) -> None:
    told = DESCRIPTION.replace('"authors.csv"', '{ path = "authors.csv", header = false, columns = ["id", "name"] }')
    assert ("authors.csv", None, "2 columns", 2, ((1, "1 in a1"), (2, "3 in a2,x,y"))) in problems(
        source(tmp_path, told, authors="a1\na2,x,y\na3,z\n")
    )
    assert problems(source(tmp_path, told, authors="")) == [("authors.csv", None, "rows", 1, ((None, "an empty file"),))]
    assert problems(source(tmp_path, told, authors="a1;b\n")) == [
        ("authors.csv", None, "columns separated by commas", 1, ((None, '";": add delimiter = ";" to the table'),))
    ]


def test_broken_encoding(tmp_path: Path) -> None:
    described = source(tmp_path, authors="id\na1\né\na2\n".encode("latin-1"))
    assert problems(described) == [("authors.csv", None, "characters in utf-8", 1, ((2, "\\xe9"),))]
    told = DESCRIPTION.replace('"authors.csv"', '{ path = "authors.csv", encoding = "latin-1" }')
    with source(tmp_path, told, authors="id\na1\né\na2\n".encode("latin-1")).read(no_progress) as records:
        records.check()
        assert records.frame("Author")["id"].tolist() == ["a1", "é", "a2"]
    wrongly_told = DESCRIPTION.replace('"authors.csv"', '{ path = "authors.csv", encoding = "utf-16" }')
    assert problems(source(tmp_path, wrongly_told, authors="id\na1\nx\n")) == [
        ("authors.csv", None, "a table in csv", 1, ((None, "bytes that are not utf-16"),))
    ]


def test_lines_that_are_no_json(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"id": "a1"}\n{"id": "a2"\n\n["a3"]\n{"id": "\xff"}\n{"id": "a2"}')
    assert problems(source(tmp_path, DESCRIPTION.replace("authors.csv", "a.jsonl"))) == [
        ("a.jsonl", None, "a JSON object", 2, ((2, '{"id": "a2"'), (4, '["a3"]'))),
        ("a.jsonl", None, "characters in utf-8", 1, ((5, '{"id": "\\xff"}'),)),
    ]


# Values


def test_values_of_another_type(tmp_path: Path) -> None:
    rows = ["b1,1980.0,1e3,TRUE,2020-02-29,1", "b2,1980.5,nan,maybe,2021-02-29,1;x;3", "b3,MCM,inf,2,1/2/2020,", "b4,1e3,1 000,,,"]
    described = source(tmp_path, books="isbn,year,price,sold,day,tags\n" + "\n".join(rows))
    assert problems(described) == [
        ("books.csv", "day", "a date as 2026-11-23", 2, ((2, "2021-02-29"), (3, "1/2/2020"))),
        ("books.csv", "price", "a finite number", 3, ((2, "nan"), (3, "inf"), (4, "1 000"))),
        ("books.csv", "sold", "true, false, yes, no, 1 or 0", 2, ((2, "maybe"), (3, "2"))),
        ("books.csv", "tags", "whole numbers", 1, ((2, "x"),)),
        ("books.csv", "year", "a whole number", 3, ((2, "1980.5"), (3, "MCM"), (4, "1e3"))),
    ]


def test_lists_where_one_value_belongs(tmp_path: Path) -> None:
    rows = [{"id": ["a1"]}, {"id": ["a1", "a2"]}, {"id": "a2"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = problems(source(tmp_path, DESCRIPTION.replace("authors.csv", "a.jsonl")))
    assert ("a.jsonl", "id", "one text", 1, ((2, "[a1, a2]"),)) in found


def test_keys_are_there_and_stand_once(tmp_path: Path) -> None:
    described = source(tmp_path, books="isbn,year,price,sold,day,tags\nb1,1,,,,\n ,2,,,,\nb2,,,,,\nb1 ,3,,,,\n")
    (empty, twice) = problems(described)
    assert empty[:2] == twice[:2] == ("books.csv", "isbn")
    assert (empty[2], [row for row, _ in empty[4]]) == ("a key", [2])
    assert (twice[2], [row for row, _ in twice[4]]) == ("each key once", [4])


def test_a_key_that_is_a_null_marker_is_none(tmp_path: Path) -> None:
    told = DESCRIPTION.replace('"authors.csv"', '{ path = "authors.csv", null = ["-"] }')
    assert problems(source(tmp_path, told, authors="id\na1\n-\na2\n")) == [("authors.csv", "id", "a key", 1, ((2, None),))]


def test_members_that_nobody_knows(tmp_path: Path) -> None:
    described = source(tmp_path, writing="book,author,part\nb1,a1;a9,1\nb7,a1,1\n", knows="a,b,how\na1,zz,1\n")
    assert problems(described) == [
        ("knows.csv", "b", "a key of Author", 1, ((1, "zz"),)),
        ("writing.csv", "author", "a key of Author", 1, ((1, "a9"),)),
        ("writing.csv", "book", "a key of Book", 1, ((2, "b7"),)),
    ]


def test_values_and_weights_that_are_no_numbers(tmp_path: Path) -> None:
    described = source(tmp_path, writing="book,author,part\nb1,a1,NaN\nb2,a1,much\n", knows="a,b,how\na1,a2,-inf\na2,a1,0\n")
    assert problems(described) == [
        ("knows.csv", "how", "a finite number", 1, ((1, "-inf"),)),
        ("knows.csv", "how", "a number above 0", 1, ((2, "0.0"),)),
        ("writing.csv", "part", "a finite number", 2, ((1, "NaN"), (2, "much"))),
    ]


def test_a_hyperedge_listed_twice_with_different_values(tmp_path: Path) -> None:
    described = source(tmp_path, writing="book,author,part\nb1,a1,1\nb2,a1,1\nb1,a2; a1,2\nb2,a1,1\n")
    ((place, column, _, count, ((row, _),)),) = problems(described)
    assert (place, column, count, row) == ("writing.csv", "part", 1, 3)


# Features

NEAREST = """
name = "near"
[modalities.A]
table = "a.csv"
key = "id"
features = { n = { kind = "number", column = "n" }, v = { kind = "vector", column = "v" }, f = { kind = "vector", file = "f.npy" } }
[[relations]]
modality = "A"
nearest = 1
[hyperedges.Pair]
table = "a.csv"
members = [ { modality = "A", column = "id" }, { modality = "A", column = "id" } ]
"""


def near(folder: Path, table: str, vectors: np.ndarray | None) -> DescribedSource:
    (folder / "a.csv").write_text(table, encoding="utf-8")
    (folder / "near.toml").write_text(NEAREST, encoding="utf-8")
    if vectors is not None:
        np.save(folder / "f.npy", vectors, allow_pickle=True)
    return DescribedSource.of_file(folder / "near.toml")


def test_features_that_are_no_numbers(tmp_path: Path) -> None:
    table = 'id,n,v\na,1,"[1, 2]"\nb,inf,"[1, 2, 3]"\nc,x,"[1, NaN]"\nd,,"[1"\ne,2,\nf,3,"[3, 4]"\ng,3,"[""u"", 4]"\n'
    vectors = np.ones((7, 3), dtype=np.float32)
    vectors[0, 1], vectors[5, 0] = np.nan, np.inf
    found = problems(near(tmp_path, table, vectors))
    rows = {(column, row) for _, column, _, _, examples in found for row, _ in examples}
    assert {place for place, *_ in found} == {"a.csv"}
    assert rows == {("n", 2), ("n", 3), ("v", 2), ("v", 3), ("v", 4), ("v", 7), ("f.npy", 1), ("f.npy", 6)}
    with near(tmp_path, table, vectors).read(no_progress) as records:
        records.check(tmp_path / "bad.jsonl")
        assert records.frame("A")["id"].tolist() == ["e"]


@pytest.mark.parametrize(
    ("vectors", "expected", "found"),
    [
        (np.ones((2, 2)), "3 rows, as a.csv has", "2"),
        (np.ones(3), "a matrix of numbers in .npy", "float64 of shape (3,)"),
        (np.array([["a"], ["b"], ["c"]]), "a matrix of numbers in .npy", "<U1 of shape (3, 1)"),
        (np.array([[{}], [1], [2]], dtype=object), "a matrix of numbers in .npy", "Array can't be memory-mapped: Python objects"),
        (None, "a file", "nothing there"),
    ],
)
def test_vectors_that_do_not_fit_the_table(tmp_path: Path, vectors: np.ndarray | None, expected: str, found: str) -> None:
    table = 'id,n,v\na,1,"[1, 2]"\nb,2,"[1, 3]"\nc,3,"[2, 2]"\n'
    ((place, _, wanted, _, ((row, what),)),) = problems(near(tmp_path, table, vectors))
    assert (place, wanted, row) == ("f.npy", expected, None)
    assert what.startswith(found)


# Very many


# What has probably made them


def test_null_markers_are_named(tmp_path: Path) -> None:
    found = causes(source(tmp_path, books="isbn,year,price,sold,day,tags\nb1,NA,1,yes,,\nb2,NA,x,yes,,\nb3,1,y,no,,\n"))
    assert found == {
        ("books.csv", "year"): '"NA" looks like a null marker: say null = ["NA"] of the table',
        ("books.csv", "price"): None,
    }
    keys = causes(source(tmp_path, authors="id\na1\na2\n\\N\n\\N\n"))
    assert keys == {("authors.csv", "id"): '"\\N" looks like a null marker: say null = ["\\\\N"] of the table'}
    members = causes(source(tmp_path, writing="book,author,part\nb1,a1,1\nb1,None,1\nb2,-,1\n"))
    assert members == {("writing.csv", "author"): '"None" and "-" look like null markers: say null = ["None", "-"] of the table'}


def test_lists_without_a_separator_are_named(tmp_path: Path) -> None:
    told = DESCRIPTION.replace(', separator = ";" } ]', " } ]")
    assert causes(source(tmp_path, told)) == {
        ("writing.csv", "author"): '"a1;a2" looks like several in one cell: say separator = ";"'
    }


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("id\na1\né\n".encode("latin-1"), "latin-1"),
        ("id\na1\n“é”\n".encode("windows-1252"), "windows-1252"),
        ("né\na1\n".encode("latin-1"), "latin-1"),
        ("id\na1\n".encode("utf-16"), "utf-16"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, content: bytes, encoding: str) -> None:
    told = causes(source(tmp_path, authors=content))["authors.csv", None]
    assert told == f'it looks like {encoding}: say encoding = "{encoding}" of the table'


def test_a_header_that_is_data_is_recognised(tmp_path: Path) -> None:
    for content, names in (("a1,1980,x\na2,1981,y\n", "a1, 1980, x"), ("a1,\\N,x\na2,1981,y\n", "a1, \\N, x")):
        ((*_, ((_, found),)),) = problems(source(tmp_path, authors=content))
        sign = names.split(", ")[1]
        assert found == (
            f'none; there are {names}; "{sign}" looks like data: if the first row is no header, '
            'say header = false, columns = ["id", …] of the table'
        )
    ((*_, ((_, found),)),) = problems(source(tmp_path, authors="a1,1,1\na2,2,3\n"))
    assert found.startswith('1 several times; "1" looks like data')


def test_a_cell_that_a_part_uses_twice_is_one_problem(tmp_path: Path) -> None:
    features = 'features.year = { kind = "number", column = "year" }\n[modalities.Book.properties]'
    nearest = '[[relations]]\nmodality = "Book"\nnearest = 1\n[[relations]]\nmodality = "Author"'
    told = DESCRIPTION.replace("[modalities.Book.properties]", features).replace('[[relations]]\nmodality = "Author"', nearest)
    assert problems(source(tmp_path, told, books="isbn,year,price,sold,day,tags\nb1,MCM,,,,\nb2,,,,,\n")) == [
        ("books.csv", "year", "a whole number", 1, ((1, "MCM"),))
    ]


def test_very_many_bad_rows_are_a_count_and_the_first_ones(tmp_path: Path) -> None:
    num_rows = 100_000
    rows = "".join(f"b{row},x{row},a9,extra\n" if row % 2 else f"b1,x{row},much\n" for row in range(num_rows))
    described = source(tmp_path, DESCRIPTION, writing="book,author,part\n" + rows)
    tracemalloc.start()
    try:
        with described.read(no_progress) as records, pytest.raises(SourceProblems) as caught:
            records.check()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(group.expected, group.count, group.examples[0]) for group in caught.value.groups] == [
        ("a finite number", num_rows // 2, (1, "much")),
        ("3 columns", num_rows // 2, (2, "4 in b1,x1,a9,extra")),
    ]
    assert len(str(caught.value)) < 2_000
    # What Python holds; the tables and problems lie in the store.
    assert peak < 12 * 2**20
    assert pa.total_allocated_bytes() < 12 * 2**20


def test_bad_rows_are_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    writing = "book,author,part\nb1,a1,1\nb2,a1,much\nb9,a1,1\nb2\nb1,a2,0.5\n"
    with source(tmp_path, writing=writing).read(no_progress) as records:
        records.check(tmp_path / "bad.jsonl")
        assert records.frame("Writing").to_numpy().tolist() == [["b1", "a1", 1.0], ["b1", "a2", 0.5]]
        assert records.num_quarantined == 3
    lines = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["place"], line["row"]) for line in lines] == [("writing.csv", 2), ("writing.csv", 3), ("writing.csv", 4)]
    assert lines[0]["values"] == {"book": "b2", "author": "a1", "part": "much"}
    assert lines[2]["problems"] == [{"column": None, "expected": "3 columns", "found": "1 in b2"}]


def test_a_cell_of_which_no_year_can_be_made_counts_once(tmp_path: Path) -> None:
    text = """
        name = "works"
        [modalities.Work]
        table = "works.csv"
        key = "code"
        properties = { decade = { type = "integer", column = "made", derive = "decade" } }
        [modalities.Decade]
        [hyperedges.Making]
        table = "works.csv"
        members = [ { modality = "Work", column = "code" }, { modality = "Decade", column = "made", derive = "decade" } ]
    """
    (tmp_path / "works.toml").write_text(text, encoding="utf-8")
    (tmp_path / "works.csv").write_text("code,made\n1,c. 1640\n2,1650-13-01\n3,16500\n4,1642\n", encoding="utf-8")
    described = DescribedSource.of_file(tmp_path / "works.toml")
    assert problems(described) == [
        ("works.csv", "made", "a year, or a date as 2026-11-23", 3, ((1, "c. 1640"), (2, "1650-13-01"), (3, "16500")))
    ]
    with described.read(no_progress) as records:
        records.check(tmp_path / "bad.jsonl")
        assert records.frame("Making").to_numpy().tolist() == [["4", "1640", 1.0]]
        assert records.frame("Decade")["id"].tolist() == ["1640"]
