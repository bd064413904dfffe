"""Tables of records as keys and contents: the form in which what is wanted is compared with what the database holds."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from pipeline.domain.records import member_columns

EntityContent = tuple[Any, ...]
"""Values of an entity's properties, in the order in which they were asked for; None where it has none."""


def entity_contents(table: pd.DataFrame, properties: Sequence[str]) -> dict[str, EntityContent]:
    """Property values by id.

    Parameters
    ----------
    table
        Entities with ``id`` and properties.
    properties
        Which properties, in which order; one that the table does not have is None everywhere.
    """
    columns = [_values(table[name]) if name in table.columns else [None] * len(table) for name in properties]
    return dict(zip(table["id"].tolist(), zip(*columns, strict=True), strict=True))


def relation_contents(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Weights by pair of ids, the smaller id first: relations are undirected and stored once."""
    pairs = zip(table["source"].tolist(), table["target"].tolist(), strict=True)
    return {(min(pair), max(pair)): weight for pair, weight in zip(pairs, table["weight"].astype(float).tolist(), strict=True)}


def hyperedge_contents(table: pd.DataFrame, arity: int) -> dict[tuple[str, ...], float]:
    """Values by the ids of the members, in the order of the positions."""
    members = zip(*(table[column].tolist() for column in member_columns(arity)), strict=True)
    return dict(zip(members, table["value"].astype(float).tolist(), strict=True))


def hyperedge_id(labels: Sequence[str], members: Sequence[str]) -> str:
    """The id of a hyperedge: a 128-bit digest of its members' labels and ids, the same at every run.

    The lengths go in as well, so that no two lists of members give the same text.
    """
    lengths = ",".join(str(len(part)) for part in (*labels, *members))
    text = "".join((lengths, *labels, *members))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _values(column: "pd.Series[Any]") -> list[Any]:
    """Plain Python values, None for what is missing."""
    return [None if missing else value for value, missing in zip(column.astype(object).tolist(), column.isna(), strict=True)]
