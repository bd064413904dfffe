"""Names of modalities and properties after files and columns."""

import pytest

from pipeline.source.sketch.names import dataset_name, label, property_name, thing


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("birthCountry", ["birth", "country"]),
        ("authors", ["author"]),
        ("playerID", ["player"]),
        ("book_ids", ["book"]),
        ("Countries", ["country"]),
        ("boxes", ["box"]),
        ("species", ["species"]),
        ("POS", ["pos"]),
        ("id", ["id"]),
    ],
)
def test_what_a_name_is_about(text: str, about: list[str]) -> None:
    assert thing(text) == about


def test_labels_are_allowed_and_given_once() -> None:
    assert label("film genres", []) == "FilmGenre"
    assert label("entities", []) == "EntityItem"
    assert label("2020", []) == "Column2020"
    assert label("genre", ["Genre"], "Book") == "BookGenre"
    assert label("genre", ["Genre", "BookGenre"], "Book") == "BookGenre2"


def test_properties_are_called_as_columns_where_they_may() -> None:
    assert property_name("num_pages", []) == "num_pages"
    assert property_name("Number of pages", []) == "number_of_pages"
    assert property_name("place", []) == "column_place"
    assert property_name("Year", ["year"]) == "column_year"
    assert property_name("°", []).startswith("column_")
    assert property_name("°", [property_name("°", [])]) != property_name("°", [])


def test_a_data_set_is_called_after_its_file() -> None:
    assert dataset_name("My Books") == "my-books"
    assert dataset_name("2020") == "data-2020"
