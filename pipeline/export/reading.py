"""Tables of a data set as the database has them, by ids, page after page.

Entities come in the order of their ids, from an index. With their ids the client names the pages of what joins them, so that
several can be read at once; a page holds some `_PAGE` rows, or all of one entity's where it has more. A hyperedge type that has no
more than a page is read as it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.domain.dataset import HyperedgeType, IntraModalGraph
from pipeline.errors import ExportError
from pipeline.graph.client import GraphClient, Row
from pipeline.graph.statement import load

_PAGE = 20_000
_CONCURRENCY = 2


def read_entities(client: GraphClient, label: str, properties: Sequence[str] = ()) -> Iterator[Row]:
    """Entities in the order of their ids: columns ``id``, ``name``, and ``content``, a list of properties per entity."""
    statement = load("export/entities").with_identifiers(Modality=label)
    for page in client.read_by_id(statement, size=_PAGE, properties=list(properties)):
        yield _whole(label, page)


def read_hyperedges(
    client: GraphClient, kind: HyperedgeType, ids: dict[str, list[str]], expected: int, properties: Sequence[str] = ()
) -> Iterator[Row]:
    """Hyperedges of a type: columns ``value``, ``content`` (a list of properties per hyperedge), and ids as ``member0`` and so on.

    Parameters
    ----------
    client
        The database.
    kind
        The type.
    ids
        Sorted ids of the entities by modality label.
    expected
        About how many there are.
    properties
        Further properties of a hyperedge.
    """
    if expected <= _PAGE:
        few = load("export/few_hyperedges").with_members(kind.arity).with_identifiers(HyperedgeType=kind.label)
        (whole,) = client.read(few, properties=list(properties))
        yield _whole(kind.label, whole)
        return
    # The modality with the most entities has the fewest hyperedges per entity: its pages are even.
    position = max(range(kind.arity), key=lambda each: len(ids[kind.members[each]]))
    label = kind.members[position]
    statement = load("export/hyperedges").with_members(kind.arity).with_identifiers(HyperedgeType=kind.label, Modality=label)
    pages = _pages(ids[label], expected)
    for page in client.read_pages(statement, pages, concurrency=_CONCURRENCY, position=position, properties=list(properties)):
        yield _whole(kind.label, page)


def read_relations(client: GraphClient, graph: IntraModalGraph, ids: list[str], expected: int) -> Iterator[Row]:
    """Relations of an intra-modal graph, each once: columns ``source``, ``target``, ``weight``; parameters as above."""
    statement = load("export/relations").with_identifiers(Modality=graph.modality, RELATION_TYPE=graph.relation_type)
    for page in client.read_pages(statement, _pages(ids, expected), concurrency=_CONCURRENCY):
        yield _whole("-".join(graph.key), page)


def _pages(ids: Sequence[str], expected: int) -> Iterator[dict[str, Any]]:
    """The first and last ids of as many entities as have a page of rows together."""
    size = max(1, len(ids) * _PAGE // max(expected, _PAGE))
    for start in range(0, len(ids), size):
        yield {"first": ids[start], "last": ids[min(start + size, len(ids)) - 1]}


def _whole(name: str, page: Row) -> Row:
    """Refuse a page in which a column lacks a value: the database leaves out what is not there."""
    if len({len(column) for column in page.values()}) > 1:
        counts = ", ".join(f"{len(values):,} of {column}" for column, values in page.items())
        raise ExportError(
            f"{name}: not every row has all its values: {counts}", hint="run `hyperlearn ingest` with `--verify`: it mends them"
        )
    return page
