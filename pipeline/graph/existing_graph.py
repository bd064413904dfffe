"""The graph that is in the database already, read as tables: a user's own queries, and nodes that are to become entities.

See `pipeline.source.files.graph_table.Graph`, which this is.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import neo4j.graph
import neo4j.time

from pipeline.domain.dataset import Adopted, Modality, PropertyType
from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import GraphStatementError
from pipeline.graph.adopted_nodes import given_properties
from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_existing
from pipeline.graph.statement import load

ROWS_AT_ONCE = 5_000

_LABELS = ("Entity", "Hyperedge")
_ODD_SPACE = "\ufeff"

_Batch = tuple[Sequence[str], Sequence[Sequence[Any]]]


class ExistingGraph:
    """Reads a graph that somebody else wrote.

    Parameters
    ----------
    client
        The database.
    """

    def __init__(self, client: GraphClient) -> None:
        self._client = client

    def query(self, cypher: str) -> Iterator[_Batch]:
        """The rows of a query, in one transaction that may only read; at least one batch.

        Raises
        ------
        GraphStatementError
            If it cannot be run, would write, or returns nodes.
        """
        for headers, rows in self._client.query(cypher, ROWS_AT_ONCE):
            yield headers, [[_plain(header, value) for header, value in zip(headers, row, strict=True)] for row in rows]

    def nodes(self, modality: Modality, columns: Sequence[str]) -> Iterator[_Batch]:
        """The nodes that a modality adopts; at least one batch.

        Parameters
        ----------
        modality
            Which nodes, and what they will be.
        columns
            Properties of theirs; the key's come as texts.

        Returns
        -------
        Iterator
            Batches of the columns ``element id``, ``obstacles`` (what keeps a node from being adopted, or None), and those that are
            asked for.

        Raises
        ------
        GraphStatementError
            If no node has the label, or one of the properties.
        """
        adopted = modality.adopted
        if adopted is None:
            raise AssertionError("a modality that adopts nodes")
        identifiers = {"Existing": adopted.label, "existingKey": adopted.key, "Modality": modality.label}
        headers = ["element id", "obstacles", *columns]
        yield headers, []
        asked = list(dict.fromkeys([*columns, adopted.name, *modality.properties]))
        missing = set(asked)
        for batch in self._client.stream(
            load("existing/nodes").with_identifiers(**identifiers),
            ROWS_AT_ONCE,
            labels=_LABELS,
            properties=sorted(given_properties(adopted)),
            columns=asked,
        ):
            rows = []
            for element, id_, labels, properties, content in zip(*batch.values(), strict=True):
                values = dict(zip(asked, content, strict=True))
                obstacles = _obstacles(modality, adopted, id_, values, labels, properties)
                values[adopted.key] = id_
                missing -= {column for column in missing if values[column] is not None}
                rows.append([element, obstacles, *(_plain(column, values[column]) for column in columns)])
            yield headers, rows
        if missing:
            raise self._nothing_of(adopted.label, [column for column in asked if column in missing])

    def _nothing_of(self, label: str, properties: Sequence[str]) -> GraphStatementError:
        """What is said where no node has a label, or none that has it some properties."""
        labels = [row["label"] for row in self._client.read(load("existing/labels"))]
        if label not in labels or not count_existing(self._client, label):
            return GraphStatementError(f"no node with the label {label}{did_you_mean(label, labels)}")
        known = [row["name"] for row in self._client.read(load("existing/properties").with_identifiers(Existing=label))]
        meant = did_you_mean(properties[0], known)
        there = f"{' They' if meant.endswith('?') else '; they'} have {', '.join(known)}"
        return GraphStatementError(f"{label} nodes without a property {properties[0]}{meant}{there}")


def _obstacles(
    modality: Modality, adopted: Adopted, id_: str | None, values: dict[str, Any], labels: Sequence[str], properties: Sequence[str]
) -> list[str] | None:
    """What is expected of a node that is to become an entity, and does not hold; None where all does."""
    expected = [f"a node that is no {label} of hyperlearn already" for label in labels]
    expected += [f"no {name} of its own" for name in properties]
    key, name = values.get(adopted.key, id_), values[adopted.name]
    if key is not None and (isinstance(key, bool) or not isinstance(key, str | int)):
        expected.append(f"a text or a whole number as {adopted.key}")
    elif adopted.key == "id" and key is not None and not isinstance(key, str):
        expected.append("a text as id")
    if id_ is not None and id_.strip().strip(_ODD_SPACE) != id_:
        expected.append(f"no white space at the ends of {adopted.key}")
    if adopted.name == "name" and not isinstance(name, str | None):
        expected.append("a text as name")
    expected += [f"{name} stored as {kind}" for name, kind in modality.properties.items() if not _is(values[name], kind)]
    return expected or None


_IS: dict[PropertyType, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "date": lambda value: isinstance(value, date) and not isinstance(value, datetime),
    "datetime": lambda value: isinstance(value, datetime),
}
_ONE_OF: dict[PropertyType, PropertyType] = {"strings": "string", "integers": "integer", "floats": "float"}


def _is(value: Any, kind: PropertyType) -> bool:  # noqa: ANN401 - whatever a property holds
    if value is None:
        return True
    if kind in _ONE_OF:
        return isinstance(value, list) and all(_is(each, _ONE_OF[kind]) for each in value)
    return _IS[kind](value)


def _plain(column: str, value: Any) -> Any:  # noqa: ANN401 - whatever a query returns
    """A value as JSON has it; times as ISO 8601 has them."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return [_plain(column, each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(column, each) for key, each in value.items()}
    return _text(column, value) if not isinstance(value, float) or not math.isfinite(value) else value


def _text(column: str, value: Any) -> str:  # noqa: ANN401 - whatever a query returns
    """A value that JSON has not."""
    match value:
        case bytes():
            return value.hex()
        case date():
            return value.isoformat()
        case neo4j.time.Date() | neo4j.time.DateTime() | neo4j.time.Time():
            return value.iso_format()
        case neo4j.graph.Entity() | neo4j.graph.Path():
            raise GraphStatementError(f"column {column} holds a node, a relation or a path; return properties, as b.isbn AS isbn")
        case _:
            return str(value)
