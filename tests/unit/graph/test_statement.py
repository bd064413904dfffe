from importlib.resources import files

import pytest

from pipeline.errors import GraphSchemaError
from pipeline.graph.statement import Statement, load


def test_identifiers_are_quoted() -> None:
    statement = Statement("s", "MATCH (n:`Label` {id: $id}) RETURN n").with_identifiers(Label="Movie")
    assert statement.text == "MATCH (n:`Movie` {id: $id}) RETURN n"
    assert statement.parameters == {"id"}


@pytest.mark.parametrize("value", ["Movie`) DETACH DELETE (m", "a b", "", "1a", "a-b", "Ä", "a\n"])
def test_an_identifier_with_anything_but_letters_digits_and_underscores_is_refused(value: str) -> None:
    with pytest.raises(GraphSchemaError, match="not a plain identifier"):
        Statement("s", "MATCH (n:`Label`) RETURN n").with_identifiers(Label=value)


def test_identifiers_are_exactly_those_of_the_file() -> None:
    with pytest.raises(ValueError, match="has the identifiers"):
        Statement("s", "MATCH (n:`Label`) RETURN n").with_identifiers(Labels="Movie")


def test_member_lines_are_repeated_by_position() -> None:
    text = "UNWIND $rows AS row\n// each member\nMATCH (m0:`Member0` {id: row[0]})\n// end\nRETURN 0\n"
    assert Statement("s", text).with_members(2).text == (
        "UNWIND $rows AS row\nMATCH (m0:`Member0` {id: row[0]})\nMATCH (m1:`Member1` {id: row[1]})\nRETURN 0\n"
    )


def test_every_file_loads_and_says_something() -> None:
    names = [f"{folder.name}/{file.name}" for folder in files("cypher").iterdir() if folder.is_dir() for file in folder.iterdir()]
    assert names
    for name in names:
        assert load(name.removesuffix(".cypher")).text.strip(), name
