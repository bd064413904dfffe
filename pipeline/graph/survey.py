"""A look at a graph that somebody else wrote: every node and relation is counted, none is read."""

from collections.abc import Iterator, Sequence

from pipeline.domain.dataset import RESERVED_LABELS
from pipeline.domain.progress import Progress
from pipeline.domain.quotable import can_be_quoted
from pipeline.domain.surveyed_graph import SurveyedGraph, SurveyedLabel, SurveyedProperty, SurveyedRelation
from pipeline.graph.client import GraphClient
from pipeline.graph.counts import count_existing
from pipeline.graph.statement import load
from pipeline.graph.stored_datasets import stored_datasets

_LONGEST_KEY = 200
_MOST_KEYS = 8
"""Properties that are asked whether they are keys, since each takes a look at all nodes."""

_TYPES_OF_KEYS = ({"STRING"}, {"INTEGER"})


def survey(client: GraphClient, progress: Progress) -> SurveyedGraph:
    """Count what is in the database, but for what hyperlearn wrote.

    Parameters
    ----------
    client
        The database.
    progress
        Told of each label.
    """
    stored = stored_datasets(client)
    ours = {
        label: name
        for name, each in stored.items()
        for label in (*each.dataset.labels, *(kind.label for kind in each.dataset.hyperedge_types))
    }
    found = [row["label"] for row in client.read(load("existing/labels"))]
    unspeakable = [label for label in found if not can_be_quoted(label)]
    labels, relations = [], []
    for name in found:
        if name in ours or name in RESERVED_LABELS or name in unspeakable:
            continue
        count = count_existing(client, name)
        if not count:
            continue
        with progress(f"Counting {name}"):
            rows = client.read(load("existing/labels_beside").with_identifiers(Existing=name))
            beside = {row["label"]: row["nodes"] for row in rows if row["label"] != name}
            labels.append(SurveyedLabel(name, count, beside, tuple(_properties(client, name, count, unspeakable))))
            for row in client.read(load("existing/relations").with_identifiers(Existing=name)):
                if not can_be_quoted(row["type"]):
                    unspeakable.append(row["type"])
                elif row["relations"] > row["loops"]:
                    numbers = row["relations"], row["sources"], row["targets"]
                    relations.append(SurveyedRelation(name, row["type"], row["label"], *numbers))
    shown = tuple(dict.fromkeys(map(repr, unspeakable)))
    return SurveyedGraph(tuple(labels), tuple(relations), ours, shown, tuple(stored))


def _properties(client: GraphClient, label: str, count: int, unspeakable: list[str]) -> Iterator[SurveyedProperty]:
    found = []
    for row in client.read(load("existing/properties").with_identifiers(Existing=label)):
        if not can_be_quoted(row["name"]):
            unspeakable.append(row["name"])
            continue
        types = frozenset(each.replace(" NOT NULL", "") for each in row["types"])
        found.append(SurveyedProperty(row["name"], row["nodes"], types))
    may_be_keys = [each.name for each in found if each.num_nodes == count and each.types in _TYPES_OF_KEYS]
    keys = set(_keys(client, label, count, may_be_keys))
    for each in found:
        yield SurveyedProperty(each.name, each.num_nodes, each.types, each.name in keys)


def _keys(client: GraphClient, label: str, count: int, names: Sequence[str]) -> Iterator[str]:
    # What is called as a key is, first.
    likely = sorted(names, key=lambda name: (not name.lower().endswith(("id", "key", "code", "name", "title")), len(name)))
    for name in likely[:_MOST_KEYS]:
        (row,) = client.read(load("existing/values").with_identifiers(Existing=label, existingKey=name))
        if row["values"] == count and not row["odd"] and row["longest"] <= _LONGEST_KEY:
            yield name
