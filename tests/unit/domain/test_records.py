from typing import Any

import pandas as pd
import pytest

from pipeline.domain.records import Records
from pipeline.errors import SourceError
from tests import tiny


def changed(kind: str, key: Any, table: pd.DataFrame) -> Records:
    """The tiny records with one table replaced."""
    good = tiny.records()
    tables = {"entities": dict(good.entities), "relations": dict(good.relations), "hyperedges": dict(good.hyperedges)}
    tables[kind][key] = table
    return Records(good.dataset, **tables)


def with_row(kind: str, key: Any, row: list[Any]) -> pd.DataFrame:
    """A table of the tiny records with one more row."""
    table: pd.DataFrame = getattr(tiny.records(), kind)[key]
    return pd.concat([table, pd.DataFrame([row], columns=table.columns)], ignore_index=True)


@pytest.mark.parametrize(
    ("kind", "key", "row", "message"),
    [
        ("entities", "Maker", ["m0", "Again"], "repeat an id, the first is row 8 with 'm0'"),
        ("entities", "Maker", ["", "Nobody"], "have no id, the first is row 8"),
        ("relations", ("Film", "LIKE"), ["f0", "f99", 1.0], "target is 'f99', which is no Film"),
        ("relations", ("Film", "LIKE"), ["f0", "f9", float("nan")], "has weight nan"),
        ("relations", ("Film", "LIKE"), ["f0", "f9", -1.0], "has weight -1.0"),
        ("relations", ("Film", "LIKE"), ["f7", "f7", 1.0], "relates 'f7' to itself"),
        ("relations", ("Film", "LIKE"), ["f2", "f0", 1.0], "repeats a pair of entities"),
        ("hyperedges", "Making", ["f0", "m99", "s0", 1.0], "member1 is 'm99', which is no Maker"),
        ("hyperedges", "Making", ["f0", "m0", "s0", 2.0], "repeats a combination of members"),
        ("hyperedges", "Remake", ["f0", "f9", float("inf")], "has value inf"),
    ],
)
def test_what_is_inconsistent_is_refused_with_its_place(kind: str, key: Any, row: list[Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        changed(kind, key, with_row(kind, key, row))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SourceError, match="modality Film: column 'year' is missing"):
        changed("entities", "Film", tiny.records().entities["Film"].drop(columns="year"))


def test_an_empty_modality_is_refused() -> None:
    with pytest.raises(SourceError, match="modality Maker has no entities"):
        changed("entities", "Maker", tiny.records().entities["Maker"].iloc[:0])
