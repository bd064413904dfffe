"""A described data set: what its tables mean, which rows become what, and that nothing is left out silently."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.progress import no_progress
from pipeline.errors import SourceError
from pipeline.records.problems import SourceProblems
from pipeline.records.records import Records
from pipeline.source.described import frames
from pipeline.source.described.source import DescribedSource

BOOKS = """
name = "books"

[modalities.Book]
table = "books.csv"
key = "isbn"
name = "title"
properties = { year = "integer", tags = { type = "strings", separator = ";" }, published = { type = "date", column = "date" } }

[modalities.Author]

[modalities.Reader]
table = "readers.jsonl"
key = "id"

[[relations]]
modality = "Reader"
type = "FRIEND"
table = "friends.csv"
source = "a"
target = "b"
strength = "since"

[hyperedges.Writing]
table = "books.csv"
members = [ { modality = "Book", column = "isbn" }, { modality = "Author", column = "authors", separator = ";" } ]

[hyperedges.Together]
table = "books.csv"
members = [
    { modality = "Author", column = "authors", separator = ";" },
    { modality = "Author", column = "authors", separator = ";" },
    { modality = "Book", column = "isbn" },
]

[hyperedges.Reading]
table = "reads.csv"
members = [ { modality = "Reader", column = "reader" }, { modality = "Book", column = "isbn" } ]
value = "stars"
time = { column = "when", type = "datetime" }
"""

FILES = {
    "books.csv": """isbn,title,year,tags,date,authors
1,The Name of the Rose,1980,crime;history,1980-09-01,Umberto Eco
2,Good Omens,1990, fantasy; fun ;,1990-05-01,Terry Pratchett; Neil Gaiman;Neil Gaiman
3,,,,,
""",
    "readers.jsonl": '{"id": "r1"}\n{"id": "r2"}\n',
    "friends.csv": "a,b,since\nr2,r1,2.5\nr1,,1\n",
    "reads.csv": "reader,isbn,stars,when\nr1,1,5,2020-01-01T10:00\nr2,1,4,\nr2,2,3.5,2020-01-02T10:00+02:00\nr2,3,,\n",
}


def write(folder: Path, description: str = BOOKS, **changed: str) -> DescribedSource:
    for name, content in FILES.items():
        (folder / name).write_text(changed.get(name.partition(".")[0], content), encoding="utf-8")
    (folder / "books.toml").write_text(description, encoding="utf-8")
    return DescribedSource.of_file(folder / "books.toml")


def read(source: DescribedSource) -> tuple[dict[str, list[tuple[object, ...]]], list[str]]:
    """The rows of all tables, checked, as they were read, with place and row; and the notes."""
    with source.read(no_progress) as records:
        records.check()
        rows = {key: records.store.rows(f"SELECT * FROM {t.name} ORDER BY ALL") for key, t in records.tables.items()}
        return rows, records.notes


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Records]:
    with write(tmp_path).read(no_progress) as records:
        records.check()
        yield records


def test_entities_have_typed_properties(books: Records) -> None:
    rows = books.store.rows(f"SELECT * FROM {books.tables['Book'].name} ORDER BY row")
    day = pd.Timestamp("1980-09-01").date()
    assert rows[0] == ("books.csv", 1, "1", "The Name of the Rose", 1980, ["crime", "history"], day)
    assert rows[1][5] == ["fantasy", "fun"]
    # A name that is missing is the key.
    assert rows[2] == ("books.csv", 3, "3", "3", None, None, None)


def test_a_modality_without_a_table_has_those_that_are_named(books: Records) -> None:
    assert books.frame("Author")["id"].tolist() == ["Umberto Eco", "Neil Gaiman", "Terry Pratchett"]
    assert books.frame("Author")["name"].tolist() == ["Umberto Eco", "Neil Gaiman", "Terry Pratchett"]


def test_relations_have_their_strength(books: Records) -> None:
    assert books.frame("Reader-FRIEND").to_numpy().tolist() == [["r1", "r2", 2.5]]


def test_a_row_gives_a_hyperedge_for_each_combination(books: Records) -> None:
    assert sorted(books.frame("Writing").to_numpy().tolist()) == [
        ["1", "Umberto Eco", 1.0],
        ["2", "Neil Gaiman", 1.0],
        ["2", "Terry Pratchett", 1.0],
    ]


def test_members_from_one_cell_are_pairs(books: Records) -> None:
    assert books.frame("Together").to_numpy().tolist() == [["Neil Gaiman", "Terry Pratchett", "2", 1.0]]


def test_values_and_times(books: Records) -> None:
    found = books.store.rows(
        f"SELECT member0, member1, value, CAST(time AS VARCHAR) FROM {books.tables['Reading'].name} ORDER BY row"
    )
    assert found == [("r1", "1", 5.0, "2020-01-01 10:00:00"), ("r2", "1", 4.0, None), ("r2", "2", 3.5, "2020-01-02 08:00:00")]


DERIVED = """
name = "derived"

[modalities.Work]
table = "works.csv"
key = { column = "code", derive = "lower" }
name = { column = "title", derive = "lower" }

[modalities.Work.properties]
made_in = { type = "integer", column = "made", derive = "year" }
decade = { type = "integer", column = "made", derive = "decade" }
years = { type = "integers", column = "shown", separator = ";", derive = "year" }

[modalities.Work.features]
year = { kind = "number", column = "made", derive = "year" }
tags = { kind = "categories", column = "tags", separator = ";", derive = "lower" }

[modalities.Decade]
[modalities.Tag]
[modalities.Country]

[[relations]]
modality = "Work"
nearest = 1

[[relations]]
modality = "Work"
type = "COPY_OF"
table = "copies.csv"
source = { column = "one", derive = "lower" }
target = { column = "other", derive = "lower" }

[hyperedges.Making]
table = "works.csv"
members = [
    { modality = "Work", column = "code", derive = "lower" },
    { modality = "Decade", column = "made", derive = "decade" },
    { modality = "Country", constant = "NL" },
]

[hyperedges.Tagging]
table = "works.csv"
members = [
    { modality = "Work", column = "code", derive = "lower" },
    { modality = "Tag", column = "tags", separator = ";", derive = "lower" },
    { modality = "Decade", column = "shown", separator = ";", derive = "decade" },
]
"""

WORKS = """code,title,made,shown,tags
A1,Night Watch,1642-06-01T10:00Z,1999;2001-05,Oil;oil
a2,Milkmaid,1658.0,,Oil
A3,Ancient,-55,2010,Clay
A4,Old,44,,
"""


def test_derived_and_constant_columns(tmp_path: Path) -> None:
    (tmp_path / "derived.toml").write_text(DERIVED, encoding="utf-8")
    (tmp_path / "works.csv").write_text(WORKS, encoding="utf-8")
    (tmp_path / "copies.csv").write_text("one,other\nA1,A2\n", encoding="utf-8")
    rows, notes = read(DescribedSource.of_file(tmp_path / "derived.toml"))
    assert [row[2:] for row in rows["Work"]] == [
        ("a1", "night watch", 1642, 1640, [1999, 2001]),
        ("a2", "milkmaid", 1658, 1650, None),
        ("a3", "ancient", -55, -60, [2010]),
        ("a4", "old", 44, 40, None),
    ]
    assert [row[2:] for row in rows["Work-COPY_OF"]] == [("a1", "a2", 1.0)]
    assert {row[2:4] for row in rows["Work-SIMILAR"]} == {("a1", "a2"), ("a3", "a4")}
    assert [row[2:5] for row in rows["Making"]] == [
        ("a1", "1640", "NL"), ("a2", "1650", "NL"), ("a3", "-60", "NL"), ("a4", "40", "NL")
    ]  # fmt: skip
    assert [row[2:5] for row in rows["Tagging"]] == [("a1", "oil", "1990"), ("a1", "oil", "2000"), ("a3", "clay", "2010")]
    assert {row[2] for row in rows["Country"]} == {"NL"}
    assert notes == [
        "Tagging: 2 rows of works.csv left out, with nothing in tags (1), nothing in shown (2)",
        "Tagging: 2 rows of works.csv made 3 hyperedges",
        "Tagging: 1 repeat inside cells of tags merged",
    ]


def test_whole_numbers_however_written_and_members_that_are_not_known(tmp_path: Path) -> None:
    described = """
name = "visits"
[modalities.Person]
table = "people.csv"
key = { column = "id", derive = "integer" }
[modalities.Room]
[hyperedges.Visit]
table = "visits.csv"
members = [
    { modality = "Person", column = "who", separator = ";", derive = "integer", only_known = true },
    { modality = "Room", column = "room" },
]
"""
    (tmp_path / "visits.toml").write_text(described, encoding="utf-8")
    (tmp_path / "people.csv").write_text("id\n1.0\n02\n+3\n", encoding="utf-8")
    (tmp_path / "visits.csv").write_text("who,room\n001;2,a\n3.;9,b\n8,c\n", encoding="utf-8")
    rows, notes = read(DescribedSource.of_file(tmp_path / "visits.toml"))
    assert [row[2] for row in rows["Person"]] == ["1", "2", "3"]
    assert [row[2:4] for row in rows["Visit"]] == [("1", "a"), ("2", "a"), ("3", "b")]
    assert "Visit: 2 hyperedges left out, with no key of Person in who" in notes
    (tmp_path / "visits.csv").write_text("who,room\n1,a\nx7,b\n", encoding="utf-8")
    with DescribedSource.of_file(tmp_path / "visits.toml").read(no_progress) as records, pytest.raises(SourceError) as caught:
        records.check()
    assert "visits.csv, column who: expected a whole number, found 'x7' in row 2" in str(caught.value)


@pytest.mark.parametrize("rest", ["d1,oil\nd2,clay\n", "d1,oil\nd2,clay\nd3,a,b\n"])
def test_lines_above_a_table_are_not_read(tmp_path: Path, rest: str) -> None:
    described = """
name = "papers"
[modalities.Paper]
table = { path = "papers.csv", skip = 3 }
key = "doi"
[modalities.Keyword]
[hyperedges.About]
table = { path = "papers.csv", skip = 3 }
members = [ { modality = "Paper", column = "doi" }, { modality = "Keyword", column = "keyword" } ]
"""
    (tmp_path / "papers.toml").write_text(described, encoding="utf-8")
    (tmp_path / "papers.csv").write_text(f'# "Papers\n\n# 2024, all of them\ndoi,keyword\n{rest}', encoding="utf-8")
    with DescribedSource.of_file(tmp_path / "papers.toml").read(no_progress) as records:
        records.check(tmp_path / "bad.jsonl")
        assert records.frame("Paper")["id"].tolist() == ["d1", "d2"]
        assert records.frame("About")["member1"].tolist() == ["oil", "clay"]


def test_facts_of_different_arity_as_the_docs_have_them(tmp_path: Path) -> None:
    page = (
        (Path(__file__).parents[4] / "docs" / "datasets.md")
        .read_text(encoding="utf-8")
        .partition("### Facts of different arity")[2]
    )
    facts, described = re.findall(r"```(?:toml)?\n(.*?)```", page, re.DOTALL)[:2]
    (tmp_path / "train.txt").write_text(facts + "alone\tann\nodd\tann\t\tbob\n", encoding="utf-8")
    (tmp_path / "facts.toml").write_text(described, encoding="utf-8")
    rows, notes = read(DescribedSource.of_file(tmp_path / "facts.toml"))
    assert [row[2:6] for row in rows["Facts4"]] == [("married", "ann", "bob", "1990")]
    assert [row[2:7] for row in rows["Facts5"]] == [("played", "cleo", "arsenal", "2010", "goalkeeper")]
    assert notes == ["2 rows of train.txt left out, of none of Facts4, Facts5"]


def test_sets_of_any_size_as_the_docs_have_them(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "datasets.md").read_text(encoding="utf-8").partition("### Sets of any size")[2]
    sets, described = re.findall(r"```(?:toml)?\n(.*?)```", page, re.DOTALL)[:2]
    (tmp_path / "meetings.txt").write_text(sets, encoding="utf-8")
    (tmp_path / "meetings.toml").write_text(described, encoding="utf-8")
    rows, notes = read(DescribedSource.of_file(tmp_path / "meetings.toml"))
    met = {("1", "ann"), ("1", "bob"), ("1", "cleo"), ("2", "bob"), ("2", "dan")}
    assert {row[2:4] for row in rows["Attendance"]} == met | {("3", name) for name in ("ann", "cleo", "dan", "eve")}
    assert notes == ["Attendance: 3 rows of meetings.txt made 9 hyperedges"]


def test_rows_that_have_something_where_a_type_has_nothing_are_told_where_no_other_type_takes_them(tmp_path: Path) -> None:
    described = """
name = "works"
[modalities.Work]
[modalities.Artist]
[hyperedges.Making]
table = "works.jsonl"
members = [ { modality = "Work", column = "id" }, { modality = "Artist", column = "artist" } ]
empty = ["after", "copies"]
"""
    works = [
        {"id": "1", "artist": "a", "after": "b", "copies": []},
        {"id": "2", "artist": "a", "after": " ", "copies": []},
        {"id": "3", "artist": "a", "copies": ["x"]},
        {"id": "4"},
    ]
    (tmp_path / "works.jsonl").write_text("\n".join(map(json.dumps, works)), encoding="utf-8")
    (tmp_path / "works.toml").write_text(described, encoding="utf-8")
    rows, notes = read(DescribedSource.of_file(tmp_path / "works.toml"))
    assert [row[2:4] for row in rows["Making"]] == [("2", "a")]
    told = "nothing in artist (1), something in after (1), something in copies (1)"
    assert notes == [f"Making: 3 rows of works.jsonl left out, with {told}"]


def test_lists_in_texts(tmp_path: Path) -> None:
    described = """
name = "papers"
[modalities.Paper]
table = { path = "papers.csv", lists = ["keywords"], null = ["None"] }
key = "doi"
properties = { keywords = "strings" }
[modalities.Keyword]
[hyperedges.About]
table = { path = "papers.csv", lists = ["keywords"], null = ["None"] }
members = [ { modality = "Paper", column = "doi" }, { modality = "Keyword", column = "keywords" } ]
"""
    (tmp_path / "papers.toml").write_text(described, encoding="utf-8")
    cells = ['"[""a, b"", ""c""]"', "\"['c', 'it\\'s', None]\"", "[]", ""]
    (tmp_path / "papers.csv").write_text(
        "doi,keywords\n" + "".join(f"d{n},{cell}\n" for n, cell in enumerate(cells)), encoding="utf-8"
    )
    source = DescribedSource.of_file(tmp_path / "papers.toml")
    rows, _ = read(source)
    assert [row[4] for row in rows["Paper"]] == [["a, b", "c"], ["c", "it's"], None, None]
    assert [row[2:4] for row in rows["About"]] == [("d0", "a, b"), ("d0", "c"), ("d1", "c"), ("d1", "it's")]
    (tmp_path / "papers.csv").write_text("doi,keywords\nd1,oil\nd2,[oil]\n", encoding="utf-8")
    with source.read(no_progress) as records:
        with pytest.raises(SourceError) as caught:
            records.check()
        assert 'papers.csv, column keywords: expected a list, as ["a", "b"], found \'oil\' in row 1' in str(caught.value)
    with source.read(no_progress) as records:
        records.check(tmp_path / "bad.jsonl")
        assert records.frame("Paper")["id"].tolist() == ["d2"]
    (tmp_path / "papers.toml").write_text(
        described.replace(', lists = ["keywords"]', "").replace('properties = { keywords = "strings" }\n', ""), encoding="utf-8"
    )
    (tmp_path / "papers.csv").write_text('doi,keywords\nd1,"[""a"", ""b""]"\nd2,"[""a"", ""c""]"\n', encoding="utf-8")
    _, notes = read(DescribedSource.of_file(tmp_path / "papers.toml"))
    assert notes == ['papers.csv, column keywords: ["a", "b"] looks like a list: say lists = ["keywords"] of the table (2 cells)']


def test_what_is_left_out_or_merged_is_counted(books: Records) -> None:
    assert books.notes == [
        "Reader-FRIEND: 1 row of friends.csv left out, with nothing in b",
        "Writing: 1 row of books.csv left out, with nothing in authors",
        "Writing: 2 rows of books.csv made 3 hyperedges",
        "Writing: 1 repeat inside cells of authors merged",
        "Together: 2 rows of books.csv left out, with fewer than 2 in authors",
        "Together: 1 repeat inside cells of authors merged",
        "Reading: 1 row of reads.csv left out, with nothing in stars",
    ]


def test_the_order_of_the_description_does_not_matter(tmp_path: Path) -> None:
    """Tables may be described in any order: the records are the same."""
    name, *parts = BOOKS.strip().split("\n\n")
    backwards = write(tmp_path, "\n\n".join([name, *reversed(parts)]))
    rows, notes = read(backwards)
    expected_rows, expected_notes = read(write(tmp_path))
    assert rows == expected_rows
    assert sorted(notes) == sorted(expected_notes)


def test_the_fingerprint_is_that_of_all_that_is_read(tmp_path: Path) -> None:
    first = write(tmp_path).fingerprint()
    assert write(tmp_path).fingerprint() == first
    assert write(tmp_path, books="isbn\n").fingerprint() != first
    assert write(tmp_path, friends="a,b,since\nr2,r1,2\n").fingerprint() != first
    assert write(tmp_path, BOOKS.replace('strength = "since"', "")).fingerprint() != first
    frame = pd.DataFrame({"a": ["r1"], "b": ["r2"], "since": [1.5]})
    description = write(tmp_path)
    of_frames = [
        DescribedSource(description.description, description.dataset, tmp_path, {"friends.csv": frame.assign(since=since)})
        for since in (1.5, 2.5, 1.5)
    ]
    digests = [source.fingerprint() for source in of_frames]
    assert digests[0] == digests[2] != digests[1] != first


def test_the_fingerprint_of_a_database_is_also_what_waits_beside_it(tmp_path: Path) -> None:
    described = write(tmp_path, BOOKS.replace("friends.csv", "shop.db#friends"))
    nothing = described.fingerprint()
    (tmp_path / "shop.db").write_bytes(b"pages")
    pages = described.fingerprint()
    (tmp_path / "shop.db-wal").write_bytes(b"newer pages")
    assert len({nothing, pages, described.fingerprint()}) == 3


def nearest(folder: Path, described: dict[str, Any], table: pd.DataFrame, **relation: Any) -> pd.DataFrame:
    description = {
        "name": "near",
        "modalities": {"A": {"table": "a.csv", "key": "id", "features": described}},
        "relations": [{"modality": "A", "nearest": 1, **relation}],
        "hyperedges": {
            "Pair": {"table": "a.csv", "members": [{"modality": "A", "column": "id"}, {"modality": "A", "column": "other"}]}
        },
    }
    with frames.source(description, {"a.csv": table.assign(other=table["id"])}, folder).read(no_progress) as records:
        records.check()
        return records.frame("A-SIMILAR").sort_values(["source", "target"], ignore_index=True)


IDS = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("feature", "column"),
    [
        ({"kind": "number"}, [1.0, 1.1, 7.0, 7.2]),
        ({"kind": "categories"}, [["x", "y"], ["x", "y"], ["z", "w"], ["z", "w", "x"]]),
        ({"kind": "categories", "separator": "|"}, ["x|y", "y|x", "z|w", "w|z"]),
        ({"kind": "vector"}, [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]]),
        ({"kind": "vector"}, ["[1, 0]", "[1, 0.1]", "[0, 1]", "[0.1, 1e0]"]),
        ({"kind": "vector"}, [np.float32([1, 0]), np.float32([1, 0.1]), np.float32([0, 1]), np.float32([0.1, 1])]),
    ],
)
def test_nearest_neighbours_by_every_kind_of_feature(tmp_path: Path, feature: dict[str, Any], column: list[object]) -> None:
    table = pd.DataFrame({"id": IDS, "feature": column})
    found = nearest(tmp_path, {"f": {**feature, "column": "feature"}}, table)
    assert found[["source", "target"]].to_numpy().tolist() == [["a", "b"], ["c", "d"]]
    assert found["weight"].between(0, 1, inclusive="right").all()


def test_nearest_neighbours_by_text(tmp_path: Path) -> None:
    # Words of one text, or of very many, tell nothing: so there are others.
    texts = ["A red fox", "the FOX, red", "blue whale", "whale (blue)", *[f"other{i} word{i}" for i in range(16)]]
    table = pd.DataFrame({"id": [*IDS, *[f"x{i}" for i in range(16)]], "blurb": texts})
    found = nearest(tmp_path, {"f": {"kind": "text", "column": "blurb"}}, table)
    pairs = found[["source", "target"]].to_numpy().tolist()
    assert [pair for pair in pairs if set(pair) <= set(IDS)] == [["a", "b"], ["c", "d"]]


def test_vectors_in_a_file_are_in_the_order_of_the_table(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.array([[1, 0], [9, 9], [0, 1], [1, 0.1], [0.1, 1]], dtype=np.float32))
    table = pd.DataFrame({"id": ["a", "x", "c", "b", "d"]})
    features = {"f": {"kind": "vector", "file": "v.npy"}}
    for metric in ("euclidean", "cosine"):
        pairs = nearest(tmp_path, features, table, metric=metric)[["source", "target"]].to_numpy().tolist()
        assert [pair for pair in pairs if "x" not in pair] == [["a", "b"], ["c", "d"]]


def test_only_features_that_are_named_count(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": IDS, "near": [1, 1.1, 7, 7.2], "far": [1, 100, 1.1, 100.2]})
    features = {name: {"kind": "number", "column": name} for name in ("near", "far")}
    by_near = nearest(tmp_path, features, table, features={"near": 1.0})
    by_far = nearest(tmp_path, features, table, features={"far": 10.0, "near": 0.001})
    assert by_near[["source", "target"]].to_numpy().tolist() == [["a", "b"], ["c", "d"]]
    assert by_far[["source", "target"]].to_numpy().tolist() == [["a", "c"], ["b", "d"]]


SETS = st.lists(st.sampled_from(["", "p", "q", "r", " s "]), max_size=4)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(SETS, SETS, st.integers(-3, 3)), min_size=1, max_size=6))
def test_hyperedges_are_the_product_of_the_members_in_a_row(rows: list[tuple[list[str], list[str], int]]) -> None:
    """Against the plain loops over the same cells, from separated texts and from lists."""
    expected = {
        (str(number), left.strip(), right.strip(), float(value))
        for number, (lefts, rights, value) in enumerate(rows)
        for left in lefts
        for right in rights
        if left.strip() and right.strip()
    }
    members = [("Row", "row", None), ("A", "left", ";"), ("B", "right", ";")]
    description = {
        "name": "product",
        "modalities": {"Row": {"table": "rows.csv", "key": "row"}, "A": {}, "B": {}},
        "hyperedges": {
            "Texts": {
                "table": "rows.csv",
                "members": [{"modality": m, "column": c} | ({"separator": s} if s else {}) for m, c, s in members],
                "value": "value",
            },
            "Lists": {
                "table": "lists.jsonl",
                "members": [{"modality": m, "column": c} for m, c, _ in members],
                "value": "value",
            },
        },
    }
    lists = pd.DataFrame([(str(n), *row) for n, row in enumerate(rows)], columns=["row", "left", "right", "value"])
    texts = lists.assign(left=lists["left"].map(";".join), right=lists["right"].map(";".join))
    with frames.source(description, {"rows.csv": texts, "lists.jsonl": lists}).read(no_progress) as records:
        for label in ("Texts", "Lists"):
            found = [tuple(row) for row in records.frame(label).to_numpy().tolist()]
            assert len(found) == len(set(found))
            assert set(found) == expected
        for label, place in (("A", 1), ("B", 2)):
            assert set(records.frame(label)["id"]) == {row[place] for row in expected}


def test_a_description_from_python_is_that_of_the_file(tmp_path: Path) -> None:
    source = write(tmp_path)
    content = json.loads(source.description.model_dump_json(exclude_unset=True))
    tables = {name: pd.read_csv(tmp_path / name, dtype=str) for name in FILES if name.endswith(".csv")}
    tables["readers.jsonl"] = pd.DataFrame({"id": ["r1", "r2"]})
    assert read(frames.source(content, tables)) == read(source)


def test_null_markers_are_missing_names_values_and_members(tmp_path: Path) -> None:
    (tmp_path / "titles.tsv").write_text("t1\tAlien\t1979\tHorror,\\N\nt2\t\\N\t\\N\t\\N\n", encoding="utf-8")
    (tmp_path / "titles.toml").write_text(
        r"""
        name = "titles"
        [modalities.Title]
        table = { path = "titles.tsv", header = false, columns = ["id", "title", "year", "genres"], null = ["\\N"] }
        key = "id"
        name = "title"
        properties = { year = "integer", genres = { type = "strings", separator = "," } }
        [modalities.Genre]
        [hyperedges.Kind]
        table = { path = "titles.tsv", header = false, columns = ["id", "title", "year", "genres"], null = ["\\N"] }
        members = [ { modality = "Title", column = "id" }, { modality = "Genre", column = "genres", separator = "," } ]
        """,
        encoding="utf-8",
    )
    with DescribedSource.of_file(tmp_path / "titles.toml").read(no_progress) as records:
        records.check()
        titles = records.frame("Title")
        assert titles["name"].tolist() == ["Alien", "t2"]
        assert titles["year"].isna().tolist() == [False, True]
        assert titles["genres"].dropna().map(list).tolist() == [["Horror"]]
        assert records.frame("Genre")["id"].tolist() == ["Horror"]
        assert records.frame("Kind")[["member0", "member1"]].values.tolist() == [["t1", "Horror"]]
        assert records.notes == ["Kind: 1 row of titles.tsv left out, with nothing in genres"]


def test_names_that_look_like_null_markers_or_lists_are_told(tmp_path: Path) -> None:
    description = {
        "name": "books",
        "modalities": {"Book": {"table": "b.csv", "key": "id", "name": "title"}, "Author": {}},
        "hyperedges": {
            "Writing": {
                "table": "b.csv",
                "members": [{"modality": "Book", "column": "id"}, {"modality": "Author", "column": "author"}],
            }
        },
    }
    frame = pd.DataFrame({"id": ["1", "2", "3"], "title": ["x", r"\N", r"\N"], "author": ["Eco; Calvino", "Woolf", "Mann; Mann"]})
    with frames.source(description, {"b.csv": frame}).read(no_progress) as records:
        assert records.notes == [
            r'b.csv, column title: "\N" looks like a null marker: say null = ["\\N"] of the table (2 of 3 cells)',
            'b.csv, column author: "Eco; Calvino" looks like several in one cell: say separator = ";" (2 of 3 cells)',
        ]
    # What is told is done.
    description["modalities"]["Book"]["table"] = {"path": "b.csv", "null": [r"\N"]}
    description["hyperedges"]["Writing"]["members"][1]["separator"] = ";"
    with frames.source(description, {"b.csv": frame}).read(no_progress) as records:
        assert not any("looks like" in note for note in records.notes)


@pytest.mark.parametrize(
    ("genres", "told"),
    [
        (["Drama, Crime", "Crime", "Drama", "Crime, Comedy", "Comedy, Drama"], True),
        (["Blake, William", "Blake, Robert", "Moore", "Moore, Henry", "Turner, William"], False),
        (["Drama"] * 20 + ["Crime, Drama", "Drama, Crime"], False),
    ],
)
def test_commas_are_told_of_where_lists_are_all_that_they_may_be(genres: list[str], told: bool) -> None:
    description = {
        "name": "films",
        "modalities": {"Film": {"table": "f.csv", "key": "id"}, "Genre": {}},
        "hyperedges": {
            "Kind": {"table": "f.csv", "members": [{"modality": "Film", "column": "id"}, {"modality": "Genre", "column": "genre"}]}
        },
    }
    frame = pd.DataFrame({"id": [f"f{number}" for number in range(len(genres))], "genre": genres})
    with frames.source(description, {"f.csv": frame}).read(no_progress) as records:
        about = [note for note in records.notes if note.startswith("f.csv, column genre")]
    expected = 'f.csv, column genre: "Comedy, Drama" looks like several in one cell: say separator = "," (3 of 5 cells)'
    assert about == ([expected] if told else [])


def test_properties_are_called_as_their_columns_are(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "num_pages": [1, 2], "first_row": [7, 8], "NTH": [5, 6]})
    described = {
        "name": "books",
        "modalities": {
            "Book": {"table": "b.csv", "key": "id", "properties": dict.fromkeys(["num_pages", "first_row", "NTH"], "integer")}
        },
        "hyperedges": {"Shelf": {"table": "b.csv", "members": [{"modality": "Book", "column": "id"}] * 2}},
    }
    with frames.source(described, {"b.csv": frame}).read(no_progress) as records:
        records.check()
        assert records.frame("Book")[["num_pages", "first_row", "NTH"]].values.tolist() == [[1, 7, 5], [2, 8, 6]]
    again = pd.concat([frame, frame.iloc[:1]])
    told = re.escape("'a again (first in row 1)' in row 3")
    with frames.source(described, {"b.csv": again}).read(no_progress) as records, pytest.raises(SourceProblems, match=told):
        records.check()
