"""The data of a hypergraph as a source yields it: a table of entities per modality, of relations per graph, of hyperedges per type.

Everything refers to entities by id. `Records` holds only what is consistent: unique ids, no dangling member, finite weights; what
is not is refused as a whole, with the table, the row and the value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.domain.dataset import Dataset, GraphKey, HyperedgeType, IntraModalGraph, Modality
from pipeline.errors import SourceError


@dataclass(frozen=True)
class Records:
    """A data set's description with its tables.

    Attributes
    ----------
    dataset
        The description.
    entities
        Per modality label, a frame with the columns ``id`` (string, unique), ``name`` (string) and the modality's properties.
    relations
        Per (modality label, relation type), a frame with the columns ``source``, ``target`` (ids) and ``weight`` (float > 0).
        Relations are undirected: each pair stands once.
    hyperedges
        Per hyperedge type label, a frame with one column of ids per position, named ``member0``, ``member1`` …, and ``value``
        (float). Each combination of members stands once.
    notes
        What the source mended, left out or did not find, in words with counts: nothing of the kind is silent.
    """

    dataset: Dataset
    entities: Mapping[str, pd.DataFrame]
    relations: Mapping[GraphKey, pd.DataFrame]
    hyperedges: Mapping[str, pd.DataFrame]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ids = {modality.label: _checked_ids(modality, self.entities[modality.label]) for modality in self.dataset.modalities}
        for graph in self.dataset.graphs:
            _check_relations(graph, self.relations[graph.key], ids[graph.modality])
        for hyperedge_type in self.dataset.hyperedge_types:
            _check_hyperedges(hyperedge_type, self.hyperedges[hyperedge_type.label], ids)


def member_columns(arity: int) -> list[str]:
    """Names of the columns that hold the members of a hyperedge, by position."""
    return [f"member{position}" for position in range(arity)]


def _checked_ids(modality: Modality, table: pd.DataFrame) -> "pd.Index[str]":
    where = f"modality {modality.label}"
    _require_columns(where, table, ["id", "name", *modality.properties])
    if table.empty:
        raise SourceError(
            f"{where} has no entities", hint="an empty modality has nothing to learn; leave it out of the description"
        )
    empty = table["id"].isna() | (table["id"] == "")
    if empty.any():
        raise SourceError(f"{where}: {int(empty.sum())} row(s) have no id, the first is row {_first(empty)}")
    twice = table["id"].duplicated()
    if twice.any():
        raise SourceError(
            f"{where}: {int(twice.sum())} row(s) repeat an id, the first is row {_first(twice)} with {table['id'][twice].iloc[0]!r}"
        )
    ids: pd.Index[str] = pd.Index(table["id"].to_list())
    return ids


def _check_relations(graph: IntraModalGraph, table: pd.DataFrame, ids: "pd.Index[str]") -> None:
    where = f"graph {graph.modality}-{graph.relation_type}"
    _require_columns(where, table, ["source", "target", "weight"])
    for column in ("source", "target"):
        _check_members(where, table[column], graph.modality, ids)
    weight = table["weight"].to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(weight) | (weight <= 0)
    if wrong.any():
        raise SourceError(f"{where}: row {int(wrong.argmax())} has weight {weight[wrong][0]}, a positive number is expected")
    loops = (table["source"] == table["target"]).to_numpy()
    if loops.any():
        raise SourceError(f"{where}: row {int(loops.argmax())} relates {table['source'].iloc[int(loops.argmax())]!r} to itself")
    ends = np.sort(np.column_stack([ids.get_indexer(pd.Index(table[end])) for end in ("source", "target")]), axis=1)
    _check_unique(where, pd.DataFrame(ends), "pair of entities")


def _check_hyperedges(hyperedge_type: HyperedgeType, table: pd.DataFrame, ids: Mapping[str, "pd.Index[str]"]) -> None:
    where = f"hyperedge type {hyperedge_type.label}"
    columns = member_columns(hyperedge_type.arity)
    _require_columns(where, table, [*columns, "value"])
    for column, label in zip(columns, hyperedge_type.members, strict=True):
        _check_members(where, table[column], label, ids[label])
    wrong = ~np.isfinite(table["value"].to_numpy(dtype=np.float64))
    if wrong.any():
        raise SourceError(
            f"{where}: row {int(wrong.argmax())} has value {table['value'].iloc[int(wrong.argmax())]}, a number is expected"
        )
    _check_unique(where, table[columns], "combination of members")


def _require_columns(where: str, table: pd.DataFrame, columns: Iterable[str]) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise SourceError(f"{where}: column {missing[0]!r} is missing, found {', '.join(map(str, table.columns))}")


def _check_members(where: str, members: pd.Series, label: str, ids: "pd.Index[str]") -> None:
    dangling = ids.get_indexer(pd.Index(members)) < 0
    if dangling.any():
        row = int(dangling.argmax())
        raise SourceError(
            f"{where}: row {row}, {members.name} is {members.iloc[row]!r}, which is no {label} ({int(dangling.sum())} such rows)"
        )


def _check_unique(where: str, rows: pd.DataFrame, what: str) -> None:
    twice = rows.duplicated()
    if twice.any():
        raise SourceError(f"{where}: row {_first(twice)} repeats a {what} ({int(twice.sum())} such rows)")


def _first(mask: pd.Series) -> int:
    return int(mask.to_numpy().argmax())
