import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.errors import SourceError
from pipeline.records.problems import SourceProblems
from pipeline.records.records import Records

DATASET = Dataset(
    "small",
    (Modality("Film", {"year": "integer", "score": "float", "sizes": "floats"}), Modality("Maker")),
    (HyperedgeType("Making", ("Film", "Maker")), HyperedgeType("Remake", ("Film", "Film"))),
    (IntraModalGraph("Film", "LIKE"),),
)


def films(**columns: object) -> pd.DataFrame:
    good = {
        "id": ["a", "b", "c"],
        "name": ["A", "B", "C"],
        "year": [1, 2, None],
        "score": [0.5, 1.0, None],
        "sizes": [[1.0], None, []],
    }
    return pd.DataFrame(good | columns)


def records(
    film: pd.DataFrame | None = None,
    like: list[tuple[object, ...]] | None = None,
    making: list[tuple[object, ...]] | None = None,
    maker: list[str] | None = None,
) -> Records:
    makers = ["m", "n"] if maker is None else maker
    return Records.of(
        DATASET,
        {"Film": films() if film is None else film, "Maker": pd.DataFrame({"id": makers, "name": makers}, dtype=object)},
        {("Film", "LIKE"): pd.DataFrame(like or [("b", "a", 2.0)], columns=["source", "target", "weight"])},
        {
            "Making": pd.DataFrame(making or [("a", "m", 1.0), ("b", "n", 2.0)], columns=["member0", "member1", "value"]),
            "Remake": pd.DataFrame([("a", "b", 1.0), ("b", "a", 1.0)], columns=["member0", "member1", "value"]),
        },
    )


def problems_of(checked: Records) -> list[str]:
    with checked, pytest.raises(SourceProblems) as caught:
        checked.check()
    return [str(group) for group in caught.value.groups]


def test_what_is_right_passes_and_relations_get_their_direction() -> None:
    with records() as checked:
        checked.check()
        assert checked.frame("Film-LIKE").to_dict("records") == [{"source": "a", "target": "b", "weight": 2.0}]
        assert len(checked.frame("Remake")) == 2
        assert checked.frame("Film")["year"].tolist()[:2] == [1, 2]
        assert checked.notes == []


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SourceError, match="Film: column 'score' is missing, found id, name, year, sizes"):
        records(film=films().drop(columns="score"))


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(SourceError, match=r"not of its type.*MCMXC"):
        records(film=films(year=["1", "2", "MCMXC"]))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"film": films(id=["a", "b", None])}, "Film, column id: expected a key, found nothing in row 3"),
        ({"film": films(id=["a", "b", ""])}, "Film, column id: expected a key, found nothing in row 3"),
        ({"film": films(id=["a", "b", "b"])}, "Film, column id: expected each key once, found 'b again (first in row 2)' in row 3"),
        (
            {"film": films(id=["a", "b", "x" * 8001])},
            "Film, column id: expected at most 8,000 bytes, found '8001 bytes, xxxxxx",
        ),
        ({"film": films(score=[1.0, np.inf, 0.0])}, "Film, column score: expected a finite number, found 'inf' in row 2"),
        ({"film": films(sizes=[[1.0], [np.inf], []])}, "Film, column sizes: expected finite numbers, found '[inf]' in row 2"),
        ({"maker": []}, "Maker: expected at least one Maker, found none"),
        ({"like": [("a", "z", 1.0)]}, "Film-LIKE, column target: expected a key of Film, found 'z' in row 1"),
        ({"like": [("a", "b", 0.0)]}, "Film-LIKE, column weight: expected a number above 0, found '0.0' in row 1"),
        ({"like": [("a", "b", np.nan)]}, "Film-LIKE, column weight: expected a number above 0, found nothing in row 1"),
        ({"like": [("a", "a", 1.0)]}, "Film-LIKE, column target: expected another entity than the source, found 'a' in row 1"),
        (
            {"like": [("a", "b", 1.0), ("b", "a", 3.0)]},
            "Film-LIKE, column weight: expected one weight per pair, found 'a × b: weight 3.0; weight 1.0 in row 1' in row 2",
        ),
        ({"making": [("a", "z", 1.0)]}, "Making, column member1: expected a key of Maker, found 'z' in row 1"),
        ({"making": [("a", None, 1.0)]}, "Making, column member1: expected a key of Maker, found nothing in row 1"),
        ({"making": [("a", "m", np.inf)]}, "Making, column value: expected a finite number, found 'inf' in row 1"),
        ({"making": [("a", "m", None)]}, "Making, column value: expected a finite number, found nothing in row 1"),
        (
            {"making": [("a", "m", 1.0), ("b", "m", 1.0), ("a", "m", 3.0)]},
            "Making, column value: expected one value per combination of members, found 'a × m: value 3.0; value 1.0 in row 1'",
        ),
    ],
)
def test_each_kind_of_problem_is_told(changed: dict[str, object], problem: str) -> None:
    found = problems_of(records(**changed))  # type: ignore[arg-type]
    assert any(line.startswith(problem) for line in found), found


def test_all_problems_are_told_at_once() -> None:
    bad = records(film=films(id=["a", "a", None]), like=[("a", "a", -1.0)], making=[("q", "m", 1.0), ("a", "r", 2.0)])
    assert sorted(line.split(":")[0] for line in problems_of(bad)) == [
        "Film, column id",
        "Film, column id",
        "Film-LIKE, column target",
        "Film-LIKE, column weight",
        "Making, column member0",
        "Making, column member1",
        "Remake, column member0",
        "Remake, column member1",
    ]


def test_a_million_problems_are_a_count_and_the_first_ones() -> None:
    many = 300_000
    making = pd.DataFrame({"member0": "a", "member1": [f"nobody {i}" for i in range(many)], "value": 1.0})
    with records() as checked:
        checked.append("Making", making)
        with pytest.raises(SourceProblems) as caught:
            checked.check()
    (group,) = caught.value.groups
    assert group.count == many
    assert group.examples == ((3, "nobody 0"), (4, "nobody 1"), (5, "nobody 2"))
    assert str(caught.value).count("\n") == 1
    assert "300,000 rows" in str(caught.value)


def test_the_same_content_twice_is_kept_once_and_counted() -> None:
    with records(making=[("a", "m", 1.0), ("b", "n", 2.0), ("a", "m", 1.0)], like=[("a", "b", 1.0), ("b", "a", 1.0)]) as checked:
        checked.check()
        assert checked.frame("Making")[["member0", "member1"]].to_numpy().tolist() == [["a", "m"], ["b", "n"]]
        assert len(checked.frame("Film-LIKE")) == 1
        assert sorted(note.split(":")[0] for note in checked.notes) == ["Film-LIKE", "Making"]


def test_quarantine_sets_bad_rows_aside_and_what_hangs_on_them(tmp_path: Path) -> None:
    bad = records(
        film=films(score=[1.0, np.inf, 0.0]), like=[("a", "b", 1.0), ("a", "c", 1.0)], making=[("a", "z", 1.0), ("b", "m", 1.0)]
    )
    file = tmp_path / "bad.jsonl"
    with bad as checked:
        checked.check(file)
        assert checked.frame("Film")["id"].tolist() == ["a", "c"]
        assert checked.frame("Film-LIKE")[["source", "target"]].to_numpy().tolist() == [["a", "c"]]
        assert len(checked.frame("Making")) == 0
        assert checked.num_quarantined == 2
        assert "Making: 1 row left out with the entities that are quarantined" in checked.notes
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["place"], line["row"], line["problems"][0]["column"]) for line in lines] == [
        ("Film", 2, "score"),
        ("Making", 1, "member1"),
    ]


def test_quarantine_cannot_make_up_for_a_modality_that_is_empty(tmp_path: Path) -> None:
    with records(maker=[""]) as checked, pytest.raises(SourceProblems, match="at least one Maker"):
        checked.check(tmp_path / "bad.jsonl")
    assert not (tmp_path / "bad.jsonl").exists()


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(names, names, st.floats(allow_nan=False, allow_infinity=False)), max_size=12, unique_by=lambda t: t[:2]))
def test_what_is_staged_comes_out(rows: list[tuple[str, str, float]]) -> None:
    ids = sorted({row[0] for row in rows} | {"x"})
    makers = sorted({row[1] for row in rows} | {"y"})
    dataset = Dataset("any", (Modality("Film"), Modality("Maker")), (HyperedgeType("Making", ("Film", "Maker")),))
    frame = pd.DataFrame(rows, columns=["member0", "member1", "value"]).astype({"member0": object, "member1": object})
    with Records.of(
        dataset,
        {"Film": pd.DataFrame({"id": ids, "name": ids}), "Maker": pd.DataFrame({"id": makers, "name": makers})},
        {},
        {"Making": frame.astype({"value": float})},
    ) as staged:
        staged.check()
        assert staged.frame("Film")["id"].tolist() == ids
        assert list(staged.frame("Making").itertuples(index=False, name=None)) == rows
