import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.graph.literal import literal
from pipeline.graph.statement import Statement


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Fight Club", "'Fight Club'"),
        ("It's", r"'It\'s'"),
        ("back\\slash", r"'back\\slash'"),
        ("\\' OR true //", r"'\\\' OR true //'"),
        ("\\u0027", r"'\\u0027'"),
        ("two\nlines\r\t", r"'two\nlines\r\t'"),
        ("costs $price", r"'costs \u0024price'"),
        ("nul\0 bell\x07 \x85", r"'nul\u0000 bell\u0007 \u0085'"),
        ("right\u202eto left\u200b\u2028", r"'right\u202eto left\u200b\u2028'"),
        ("`; Ishirō 本 🎬", "'`; Ishirō 本 🎬'"),
    ],
)
def test_a_literal_holds_what_it_stands_for(text: str, written: str) -> None:
    assert literal(text) == written


@given(st.text())
def test_a_literal_ends_at_its_last_quote_and_nowhere_before(text: str) -> None:
    inside = literal(text)[1:-1]
    unpaired = inside.replace("\\\\", "").replace("\\'", "")
    assert "'" not in unpaired
    assert not unpaired.endswith("\\")
    assert not {"\n", "\r", "\0", "$"} & set(inside)


def test_values_take_the_places_of_all_parameters_at_once() -> None:
    statement = Statement("s", "MATCH (n:Film {name: $name}) WHERE n.id <> $id RETURN n")
    shown = statement.with_values(name="$id", id="$name")
    assert shown.text == r"MATCH (n:Film {name: '\u0024id'}) WHERE n.id <> '\u0024name' RETURN n"
    assert shown.parameters == set()
    with pytest.raises(ValueError, match=r"has the parameters \['id', 'name'\], given are \['name'\]"):
        statement.with_values(name="x")
