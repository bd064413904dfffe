"""What a model of one's own gets; the data set file's messages are in described/test_description_file.py."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from pipeline.domain.did_you_mean import did_you_mean
from pipeline.errors import ConfigurationError
from pipeline.source.toml.part import Part
from pipeline.source.toml.toml_file import parsed, read_toml


class Circle(Part):
    kind: Literal["circle"]
    radius: Annotated[float, Field(gt=0)]


class Square(Part):
    kind: Literal["square"]
    side: int


class Drawing(Part):
    name: str
    shapes: dict[str, Annotated[Circle | Square, Field(discriminator="kind")]]


def test_all_problems_come_at_once_with_their_locations(tmp_path: Path) -> None:
    file = tmp_path / "drawing.toml"
    file.write_text(
        "nmae = 'x'\nshapes.a = { kind = 'circle', radius = 0 }\nshapes.b = { kind = 'square', side = 'long', sied = 1 }\n"
        "shapes.c = { side = 1 }\nshapes.d = { kind = 'oval' }\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        parsed(Drawing, read_toml(file, "a drawing"), str(file), "see the manual")
    assert str(caught.value).splitlines() == [
        f"{file} has 7 problems",
        "  name: is missing",
        "  shapes.a.radius: 0, expected a number above 0.0",
        "  shapes.b.side: 'long', expected a whole number",
        "  shapes.b.sied: is unknown, expected one of kind, side; did you mean side?",
        "  shapes.c.kind: is missing, expected one of circle, square",
        "  shapes.d.kind: 'oval', expected one of 'circle', 'square'",
        "  nmae: is unknown, expected one of name, shapes; did you mean name?",
    ]
    assert caught.value.hint == "see the manual"


def test_what_is_no_toml_is_told(tmp_path: Path) -> None:
    file = tmp_path / "drawing.toml"
    for content, told in ((b"name =", "is no TOML"), (b"name = '\xe9'", "is not UTF-8 at byte 8")):
        file.write_bytes(content)
        with pytest.raises(ConfigurationError, match=told):
            read_toml(file, "a drawing")
    with pytest.raises(ConfigurationError, match=r"drawings.toml does not exist; did you mean drawing.toml\?") as caught:
        read_toml(tmp_path / "drawings.toml", "a drawing")
    assert caught.value.hint == "name a drawing in TOML"


def test_a_misspelt_name_is_recognised() -> None:
    assert did_you_mean("Isbn", ["title", "isbn"]) == "; did you mean isbn?"
    assert did_you_mean("price", ["title", "isbn"]) == ""


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "{a = " * 100_000])
def test_what_is_nested_too_deeply_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "drawing.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"drawing\.toml is nested too deeply$"):
        read_toml(file, "a drawing")
