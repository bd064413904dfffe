import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.changes import Changes
from pipeline.ingest.contents import entity_contents, hyperedge_contents, hyperedge_id, relation_contents

tables = st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=8)


@given(tables, tables)
def test_applying_the_changes_gives_what_is_wanted(present: dict[str, int], wanted: dict[str, int]) -> None:
    changes = Changes.between(present, wanted)
    assert not changes.created.keys() & present.keys()
    assert changes.changed.keys() <= present.keys()
    after = {key: value for key, value in present.items() if key not in changes.removed}
    assert after | changes.created | changes.changed == wanted
    assert changes.num_unchanged == sum(present.get(key) == value for key, value in wanted.items())


@given(st.lists(st.text(max_size=4), min_size=2, max_size=4), st.lists(st.text(max_size=4), min_size=2, max_size=4))
def test_hyperedges_share_an_id_only_if_they_share_their_members(first: list[str], second: list[str]) -> None:
    same = hyperedge_id(["A"] * len(first), first) == hyperedge_id(["A"] * len(second), second)
    assert same == (first == second)


def test_the_id_of_a_hyperedge_is_the_same_at_every_run() -> None:
    assert hyperedge_id(["Movie", "Actor"], ["1", "Ann"]) == "1b7b489e3d3924cf2b8fdc6b9d8f431a"
    assert hyperedge_id(["Movie", "Writer"], ["1", "Ann"]) != hyperedge_id(["Movie", "Actor"], ["1", "Ann"])


def test_missing_values_are_none_and_numbers_are_plain() -> None:
    table = pd.DataFrame(
        {"id": ["a", "b"], "year": pd.array([1999, None], dtype="Int64"), "score": [1.5, float("nan")], "tags": [["x"], None]}
    )
    contents = entity_contents(table, ["year", "score", "tags", "unknown"])
    assert contents == {"a": (1999, 1.5, ["x"], None), "b": (None, None, None, None)}
    assert [type(value) for value in contents["a"]] == [int, float, list, type(None)]


def test_a_relation_is_the_same_from_both_ends() -> None:
    one = relation_contents(pd.DataFrame({"source": ["b"], "target": ["a"], "weight": [0.5]}))
    other = relation_contents(pd.DataFrame({"source": ["a"], "target": ["b"], "weight": [0.5]}))
    assert one == other == {("a", "b"): 0.5}


def test_members_keep_their_positions() -> None:
    table = pd.DataFrame({"member0": ["b", "a"], "member1": ["a", "b"], "value": [1, 2]})
    assert hyperedge_contents(table, 2) == {("b", "a"): 1.0, ("a", "b"): 2.0}
