"""Tables that are in the graph already: what a description may say of them, and how they are fetched. The graph is a fake."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.domain.dataset import Adopted, Dataset, Modality
from pipeline.domain.progress import no_progress
from pipeline.domain.quotable import can_be_quoted, quoted
from pipeline.errors import ConfigurationError, GraphStatementError
from pipeline.records.problems import SourceProblems
from pipeline.source.described.description_file import parse_description
from pipeline.source.described.source import DescribedSource
from pipeline.source.files.graph_table import Batch
from pipeline.source.files.table_file import TableFile
from pipeline.source.toml.toml_file import parsed

BOOKS: dict[str, Any] = {
    "name": "books",
    "prefix": "Learned",
    "modalities": {"Book": {"table": {"nodes": "Book"}, "key": "isbn"}, "Author": {}},
    "hyperedges": {
        "Writing": {
            "table": {"cypher": "MATCH … RETURN b.isbn AS isbn, collect(a.name) AS authors"},
            "members": [{"modality": "Book", "column": "isbn"}, {"modality": "Author", "column": "authors"}],
        }
    },
}


class FakeGraph:
    """Rows as a server would give them, and the order in which tables were asked for."""

    def __init__(self, writing: Sequence[Sequence[Any]], error: str | None = None) -> None:
        self.writing = writing
        self.error = error
        self.asked: list[str] = []

    def query(self, cypher: str) -> Iterator[Batch]:
        self.asked.append("query")
        if self.error is not None:
            raise GraphStatementError(self.error)
        yield ("isbn", "authors"), []
        yield ("isbn", "authors"), self.writing

    def nodes(self, modality: Modality, columns: Sequence[str]) -> Iterator[Batch]:
        self.asked.append(modality.label)
        yield ("element id", "obstacles", *columns), [["4:1", None, "1"], ["4:2", None, "2"]]


def source(graph: FakeGraph) -> DescribedSource:
    @contextmanager
    def opened() -> Iterator[FakeGraph]:
        yield graph

    return DescribedSource(*parse_description(BOOKS, "books"), graph=opened)


def test_tables_are_fetched_once_and_those_of_entities_last() -> None:
    graph = FakeGraph([[1, ["Eco", None]], [2, []], [2, ["Calvino", "Eco"]]])
    described = source(graph)
    described.fingerprint()
    with described.read(no_progress) as records:
        records.check()
        assert records.frame("LearnedBook")["element id"].tolist() == ["4:1", "4:2"]
        assert sorted(records.frame("LearnedWriting")["member1"]) == ["Calvino", "Eco", "Eco"]
    assert graph.asked == ["query", "LearnedBook"]
    assert described.dataset.modality("LearnedBook").adopted == Adopted("Book", "isbn", "isbn")


def test_the_order_of_rows_is_no_change_and_any_value_is() -> None:
    rows = [[1, ["Eco"]], [2, ["Calvino"]]]
    first = source(FakeGraph(rows)).fingerprint()
    assert source(FakeGraph(rows[::-1])).fingerprint() == first
    others = [[*rows, rows[0]], [[1, ["Eco"]], [2, ["calvino"]]], [["1", ["Eco"]], [2, ["Calvino"]]], []]
    assert len({first, *(source(FakeGraph(each)).fingerprint() for each in others)}) == 5


def test_a_query_that_cannot_be_run_is_a_problem_of_the_table() -> None:
    with source(FakeGraph([], "Invalid input")).read(no_progress) as records, pytest.raises(SourceProblems, match="Invalid input"):
        records.check()


def test_without_a_database_it_is_told() -> None:
    described = DescribedSource(*parse_description(BOOKS, "books"))
    with pytest.raises(ConfigurationError, match="takes tables from the graph in Neo4j"):
        described.read(no_progress)


def changed(**parts: Any) -> dict[str, Any]:
    book = {**BOOKS["modalities"]["Book"], **parts.pop("book", {})}
    return {**BOOKS, "modalities": {**BOOKS["modalities"], "Book": book, **parts.pop("modalities", {})}, **parts}


WRITING = BOOKS["hyperedges"]["Writing"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (changed(prefix=None) | {"prefix": "X"}, None),
        ({k: v for k, v in BOOKS.items() if k != "prefix"}, 'LearnedBook|prefix = "Learned"'),
        (changed(book={"key": None}), "key"),
        (changed(book={"table": {"nodes": "Book", "path": "books.csv"}}), "a table is one of path"),
        (changed(book={"table": {}}), "a table is one of path"),
        (changed(book={"table": {"nodes": "Book", "delimiter": ";"}}), "delimiter is for files"),
        (changed(book={"table": {"nodes": "Book", "null": ["NA"]}}), "null is not for nodes"),
        (changed(book={"table": {"nodes": "B`) DETACH DELETE (n"}}), "back-quote"),
        (changed(book={"table": {"nodes": "B\\u0060"}}), "back-quote"),
        (changed(book={"key": "isbn`"}), "back-quote"),
        (changed(book={"properties": {"year": {"type": "integer", "column": "y"}}}), "no column, separator or derive"),
        (changed(book={"properties": {"year": {"type": "integer", "derive": "year"}}}), "no column, separator or derive"),
        (changed(book={"key": {"column": "isbn", "derive": "lower"}}), "derive is not for nodes"),
        (changed(book={"features": {"cover": {"kind": "vector", "file": "c.npy"}}}), "rows of the graph have no order"),
        (changed(modalities={"Copy": {"table": {"nodes": "Book"}, "key": "isbn"}}), "Book nodes are Book already"),
        (changed(hyperedges={"Writing": {**WRITING, "table": {"nodes": "Book"}}}), "nodes are for modalities"),
    ],
)
def test_what_does_not_go_together_is_refused(content: dict[str, Any], told: str | None) -> None:
    if told is None:
        assert parse_description(content, "books")[1].labels == ("XBook", "XAuthor")
        return
    with pytest.raises(ConfigurationError) as raised:
        parse_description({key: value for key, value in content.items() if value is not None}, "books")
    assert any(each in str(raised.value) for each in told.split("|")), raised.value


def test_a_description_is_stored_as_it_was() -> None:
    dataset = parse_description(BOOKS, "books")[1]
    assert Dataset.from_json(dataset.to_json()) == dataset
    assert "adopted" not in dataset.to_json()["modalities"][1]


def test_queries_that_begin_alike_are_called_differently() -> None:
    long = "MATCH (a:Author)-[:WROTE]->(b:Book)-[:IN]->(g:Genre) RETURN b.isbn AS"
    places = {parsed(TableFile, {"cypher": f"{long} {name}"}, "x", "").place for name in ("one", "two")}
    assert len(places) == 2


def test_names_are_quoted_where_they_need_it() -> None:
    assert [quoted(name) for name in ("Book", "b_1", "1b", "has genre", "Ünicode")] == [
        "Book",
        "b_1",
        "`1b`",
        "`has genre`",
        "`Ünicode`",
    ]
    assert not any(map(can_be_quoted, ("", "a`b", "a\\b", "a\nb", "a\u202eb")))


def test_paths_of_the_graph_are_no_files(tmp_path: Path) -> None:
    table = TableFile(nodes="Book")
    assert (table.kind, table.file, table.suffix, table.place) == ("graph", "", "", "(:Book)")
