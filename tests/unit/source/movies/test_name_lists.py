import pandas as pd
import pytest

from pipeline.source.movies.name_lists import Repairs, name_lists, split_names


@pytest.mark.parametrize(
    ("text", "names", "repairs"),
    [
        ("", [], Repairs()),
        ("Uma Thurman", ["Uma Thurman"], Repairs()),
        ("Arch Hall, Sr., Peter Falk", ["Arch Hall, Sr.", "Peter Falk"], Repairs(joined=1)),
        ("Ed Begley, Jr., John Gallagher, Jr.", ["Ed Begley, Jr.", "John Gallagher, Jr."], Repairs(joined=2)),
        ("Joaquin Garay, III", ["Joaquin Garay, III"], Repairs(joined=1)),
        ("SHOWBOX Co., Ltd.", ["SHOWBOX Co., Ltd."], Repairs(joined=1)),
        ("Noufou Ouédraogo, PhD", ["Noufou Ouédraogo, PhD"], Repairs(joined=1)),
        ("Tyler, the Creator", ["Tyler, the Creator"], Repairs(joined=1)),
        ("Dolores del Río, the Wachowskis", ["Dolores del Río", "the Wachowskis"], Repairs()),
        ("Julianne Moore, art director, list of Harry Potter cast members", ["Julianne Moore"], Repairs(dropped=2)),
        ("Sting, Sting,  Cher, ", ["Sting", "Cher"], Repairs(repeated=1)),
        ("Jr.", ["Jr."], Repairs()),
    ],
)
def test_a_field_is_taken_apart(text: str, names: list[str], repairs: Repairs) -> None:
    assert split_names(text) == (names, repairs)


def test_a_column_gives_a_list_per_film() -> None:
    found = name_lists(pd.Series(["A, Jr., B", None, "B"]))
    assert found.lists == [["A, Jr.", "B"], [], ["B"]]
    assert found.names == ["A, Jr.", "B"]
    assert found.repairs == Repairs(joined=1)
    assert found.num_empty == 1
