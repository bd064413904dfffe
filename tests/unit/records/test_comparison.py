import hashlib
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.records import comparison
from pipeline.records.comparison import Comparison, add_present_part, add_present_rows, create_present
from pipeline.records.records import Records

DATASET = Dataset(
    "small",
    (Modality("Film", {"year": "integer", "tags": "strings"}),),
    (HyperedgeType("Remake", ("Film", "Film"), time="date"),),
    (IntraModalGraph("Film", "LIKE"),),
)

rows_by_id = st.dictionaries(st.text("abcdé\n\x1f", min_size=1, max_size=3), st.one_of(st.none(), st.integers(0, 2)), max_size=8)


def staged(years: dict[str, int | None]) -> Records:
    frame = pd.DataFrame(
        {
            "id": list(years),
            "name": list(years),
            "year": pd.array(list(years.values()), dtype="Int64"),
            "tags": [["t"]] * len(years),
        },
        dtype=object,
    )
    return Records.of(DATASET, {"Film": frame}, {}, {})


def ids(batches: Iterator[pa.RecordBatch]) -> set[str]:
    return {id_ for batch in batches for id_ in batch.column(0).to_pylist()}


def stage_parts(records: Records, parts: list[bytes], changes: list[bytes]) -> Comparison:
    """Compare films with what such parts hold."""
    table = records.tables["Film"]
    create_present(records.store, table)
    for part in parts:
        add_present_part(records.store, table, part, changes=False)
    for part in changes:
        add_present_part(records.store, table, part, changes=True)
    return Comparison.of(records.store, table)


@settings(deadline=None, max_examples=15)
@given(versions=st.lists(rows_by_id, min_size=2, max_size=4), last=rows_by_id, part_rows=st.integers(1, 5), stale=st.booleans())
def test_parts_of_changes_after_those_of_all_rows_hold_what_is_there(
    versions: list[dict[str, int | None]], last: dict[str, int | None], part_rows: int, stale: bool
) -> None:
    first, *others = versions
    changes: list[bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "PART_ROWS", part_rows)
        with staged(first) as records:
            parts = [part for part, _ in stage_parts(records, [], []).parts(stale=False)]
        there = first
        for wanted in others:
            there = (there if stale else {}) | wanted
            with staged(wanted) as records:
                found = stage_parts(records, parts, changes)
                new = list(found.parts_of_changes(stale=stale))
            assert sum(rows for _, rows in new) == found.created + found.changed + (0 if stale else found.removed)
            changes += [part for part, _ in new]
    with staged(last) as records:
        found = stage_parts(records, parts, changes)
        assert ids(found.created_rows(3)) == last.keys() - there.keys()
        assert ids(found.changed_rows(3)) == {key for key in last.keys() & there.keys() if last[key] != there[key]}
        assert ids(found.removed_keys(3)) == there.keys() - last.keys()


@settings(deadline=None, max_examples=25)
@given(present=rows_by_id, wanted=rows_by_id, part_rows=st.integers(1, 5))
def test_the_difference_is_that_of_the_rows_by_digests_and_by_rows(
    present: dict[str, int | None], wanted: dict[str, int | None], part_rows: int
) -> None:
    with staged(present) as former, staged(wanted) as records:
        table = records.tables["Film"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparison, "PART_ROWS", part_rows)
            create_present(former.store, table)
            parts = [part for part, _ in Comparison.of(former.store, table).parts(stale=False)]
        for by_digests in (True, False):
            create_present(records.store, table)
            if by_digests:
                for part in parts:
                    add_present_part(records.store, table, part, changes=False)
            else:
                columns = {
                    "id": list(present),
                    "name": list(present),
                    "year": list(present.values()),
                    "tags": [["t"]] * len(present),
                }
                add_present_rows(records.store, table, columns, [False] * len(present))
            for name in ("wanted_entities_0", "difference_entities_0"):
                records.store.run(f"DROP TABLE IF EXISTS {name}")
            found = Comparison.of(records.store, table)
            changed = {key for key in wanted.keys() & present.keys() if wanted[key] != present[key]}
            assert ids(found.created_rows(3)) == wanted.keys() - present.keys()
            assert ids(found.changed_rows(3)) == changed
            assert ids(found.removed_keys(3)) == present.keys() - wanted.keys()
            assert found.unchanged == len(wanted.keys() & present.keys()) - len(changed)
            assert (found.created, found.changed, found.removed) == (
                len(wanted.keys() - present.keys()),
                len(changed),
                len(present.keys() - wanted.keys()),
            )


def test_what_has_another_type_or_is_damaged_counts_as_changed() -> None:
    with staged({"a": 1, "b": None, "c": 3}) as records:
        table = records.tables["Film"]
        create_present(records.store, table)
        columns = {"id": ["a", "b", "c"], "name": ["a", "b", "c"], "year": [1, "none", 3], "tags": [["t"], ["t"], ["t"]]}
        add_present_rows(records.store, table, columns, [False, False, True])
        found = Comparison.of(records.store, table)
        assert ids(found.changed_rows(5)) == {"b", "c"}


def test_a_property_that_is_nowhere_leaves_no_trace() -> None:
    with staged({"a": 1, "b": None}) as records:
        digests = [
            records.store.rows(f"SELECT {comparison.content_digest(columns)} FROM entities_0 ORDER BY id")
            for columns in ({"name": "VARCHAR", "year": "BIGINT"}, {"year": "BIGINT", "name": "VARCHAR"}, {"name": "VARCHAR"})
        ]
    assert digests[0] == digests[1]
    assert (digests[0][0] == digests[2][0], digests[0][1] == digests[2][1]) == (False, True)


@pytest.mark.parametrize("members", [("a", "bé"), ("bé", "a"), ("1:", "2")])
def test_the_id_of_a_hyperedge_is_the_digest_of_its_members(members: tuple[str, str]) -> None:
    films = pd.DataFrame({"id": members, "name": members, "year": [None, None], "tags": [None, None]}, dtype=object)
    remake = pd.DataFrame(
        {"member0": [members[0]], "member1": [members[1]], "value": [1.0], "time": pd.to_datetime(["2020-01-01"])}
    )
    with Records.of(DATASET, {"Film": films}, {}, {"Remake": remake}) as records:
        table = records.tables["Remake"]
        create_present(records.store, table)
        (batch,) = Comparison.of(records.store, table).created_rows(10)
    text = "".join(f"4:Film{len(member.encode())}:{member}" for member in members)
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    assert batch.column("id").to_pylist() == [f"{int.from_bytes(digest, 'little'):032x}"]
    assert batch.schema.names == ["id", "member0", "member1", "value", "time"]


def test_the_id_of_a_hyperedge_is_the_same_at_every_run() -> None:
    films = pd.DataFrame({"id": ["1", "2"], "name": ["1", "2"], "year": [None, None], "tags": [None, None]}, dtype=object)
    remake = pd.DataFrame({"member0": ["1"], "member1": ["2"], "value": [1.0], "time": pd.to_datetime(["2020-01-01"])})
    with Records.of(DATASET, {"Film": films}, {}, {"Remake": remake}) as records:
        create_present(records.store, records.tables["Remake"])
        (batch,) = Comparison.of(records.store, records.tables["Remake"]).created_rows(10)
    assert batch.column("id").to_pylist() == ["a89709a9e4f46c5c9272cc72a66dbe0c"]
