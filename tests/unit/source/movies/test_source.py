"""The real package is read: it is a dependency, and its surprises are what there is to test."""

import itertools
import sqlite3
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from pipeline.domain.progress import no_progress
from pipeline.errors import SourceError
from pipeline.records.records import Records
from pipeline.source.movies.source import DATASET, MoviesSource


@pytest.fixture(scope="module")
def records() -> Iterator[Records]:
    with MoviesSource().read(no_progress) as read:
        read.check()
        yield read


@pytest.fixture(scope="module")
def source() -> Iterator[sqlite3.Connection]:
    with as_file(files("bokeh_sampledata") / "_data" / "movies.db") as path:
        connection = sqlite3.connect(path)
        yield connection
        connection.close()


def raw_fields(source: sqlite3.Connection, column: str) -> list[list[str]]:
    """The fragments of a field in each film, counted without any of our code; 'Jr.' still stands alone."""
    rows = source.execute(f"SELECT coalesce(\"{column}\", '') FROM omdb ORDER BY ID").fetchall()
    return [text.split(", ") if text else [] for (text,) in rows]


def test_every_film_is_there_once(records: Records, source: sqlite3.Connection) -> None:
    films = records.frame("Movie")
    assert set(films["id"]) == {str(id_) for (id_,) in source.execute("SELECT ID FROM omdb")}
    assert len(films) == 17_472
    fight_club = films[films["name"] == "Fight Club"].iloc[0]
    assert (fight_club["id"], fight_club["year"], fight_club["director"]) == ("190050", 1999, "David Fincher")


@pytest.mark.parametrize(
    ("label", "column", "num_entities", "num_fragments"),
    [("Genre", "Genre", 21, 0), ("Country", "Country", 136, 0), ("Director", "Director", 8_282, 1), ("Writer", "Writer", 9_338, 2)],
)
def test_entities_are_the_names_in_the_fields(
    records: Records, source: sqlite3.Connection, label: str, column: str, num_entities: int, num_fragments: int
) -> None:
    fragments = set(itertools.chain.from_iterable(raw_fields(source, column)))
    names = set(records.frame(label)["name"])
    assert len(names) == num_entities
    # nothing new but names that were put together from two fragments, nothing lost but what they were put together from
    assert all(set(name.split(", ")) <= fragments for name in names - fragments)
    assert len({fragment for fragment in fragments - names if fragment in {"Jr.", "Sr."}}) == num_fragments
    assert all(any(name.startswith(lost) or name.endswith(lost) for name in names - fragments) for lost in fragments - names)


def test_no_actor_is_a_fragment(records: Records) -> None:
    names = set(records.frame("Actor")["name"])
    assert len(names) == 53_118
    assert not names & {"", "Jr.", "Sr.", "III", "PhD", "Ltd.", "the Creator", "art director", "dialogue writer"}
    assert not any(name.startswith("list of ") for name in names)
    assert {"Ed Begley, Jr.", "Stacy Keach, Sr.", "Robert Downey Jr.", "Tyler, the Creator", "Mako", "40"} <= names


def test_hyperedges_are_all_combinations(records: Records, source: sqlite3.Connection) -> None:
    genres, countries = raw_fields(source, "Genre"), raw_fields(source, "Country")
    assert len(records.frame("Production")) == sum(len(g) * len(c) for g, c in zip(genres, countries, strict=True))
    # 123 fragments belong to the name before them and 13 are no names
    assert len(records.frame("Casting")) == sum(map(len, raw_fields(source, "Cast"))) - 123 - 13
    casting = records.frame("Casting")
    assert set(casting[casting["member1"] == "Toshirō Mifune"]["member2"]) == {"1940s", "1950s", "1960s", "1970s", "1980s"}


def test_the_whole_stays_small_enough_to_ingest_quickly(records: Records) -> None:
    assert sum(records.num_rows(kind.label) for kind in DATASET.hyperedge_types) < 310_000
    assert all(kind.arity >= 3 for kind in DATASET.hyperedge_types)
    assert len(records.frame("Movie-SIMILAR")) < 100_000


def test_few_entities_are_in_no_hyperedge_for_lack_of_another_value(records: Records) -> None:
    """An entity without any hyperedge has nothing to learn from: the only film of a director may lack genre and writer alike."""
    used = {modality.label: set() for modality in DATASET.modalities}
    for kind in DATASET.hyperedge_types:
        for position, label in enumerate(kind.members):
            used[label] |= set(records.frame(kind.label)[f"member{position}"])
    left = {label: len(records.frame(label)) - len(members) for label, members in used.items()}
    assert left == {"Movie": 94, "Director": 167, "Actor": 0, "Writer": 4, "Genre": 0, "Country": 2, "Decade": 0}


def test_the_source_is_recognised_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"a")
    (tmp_path / "b.db").write_bytes(b"b")
    found = [MoviesSource(path).fingerprint() for path in (None, tmp_path / "a.db", tmp_path / "b.db")]
    assert len(set(found)) == 3
    assert found[0] == MoviesSource().fingerprint()


def test_what_is_missing_is_missing(records: Records, source: sqlite3.Connection) -> None:
    films = records.frame("Movie")
    (num_without,) = source.execute('SELECT count(*) FROM omdb WHERE "Language" IS NULL OR "Language" = \'\'').fetchone()
    assert films["language"].isna().sum() == num_without == 201
    (num_dollars,) = source.execute("SELECT count(*) FROM tomatoes WHERE BoxOffice >= 1000").fetchone()
    assert films["boxOffice"].notna().sum() == num_dollars == 2_760 - 6
    texts = films[["director", "language", "certificate", "production", "imdbId"]]
    assert not (texts == "").any().any()


def test_repairs_are_told(records: Records) -> None:
    assert "Actor: 1,771 films have none; names 123 joined, 13 dropped" in records.notes
    assert {note.split(" films have none")[0] for note in records.notes if "have none" in note} == {
        "Director: 66", "Actor: 1,771", "Writer: 3,745", "Genre: 443", "Country: 3",
    }  # fmt: skip
    assert "6 box offices below 1,000 dollars count as missing" in records.notes


def test_relations_know_neither_genre_nor_director(source: sqlite3.Connection, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "seen.db") as few:
        source.backup(few)
        few.execute("DELETE FROM omdb WHERE ID NOT IN (SELECT ID FROM omdb ORDER BY ID LIMIT 400)")
    with sqlite3.connect(tmp_path / "blind.db") as blind:
        few.backup(blind)
        blind.execute("UPDATE omdb SET Genre = 'one', Director = 'nobody'")
    for connection in (few, blind):
        connection.close()
    with (
        MoviesSource(tmp_path / "seen.db").read(no_progress) as seen,
        MoviesSource(tmp_path / "blind.db").read(no_progress) as unseen,
    ):
        assert unseen.frame("Genre")["id"].tolist() == ["one"]
        assert unseen.frame("Director")["id"].tolist() == ["nobody"]
        for key in ("Movie-SIMILAR", "Decade-NEXT"):
            assert not seen.frame(key).empty
            assert seen.frame(key).equals(unseen.frame(key))


def test_decades_are_a_chain(records: Records) -> None:
    chain = records.frame("Decade-NEXT")
    assert list(zip(chain["source"], chain["target"], strict=True)) == list(
        itertools.pairwise(["1940s", "1950s", "1960s", "1970s", "1980s", "1990s", "2000s", "2010s"])
    )


def test_films_have_neighbours(records: Records) -> None:
    frame = records.frame("Movie-SIMILAR")
    assert set(frame["source"]) | set(frame["target"]) == set(records.frame("Movie")["id"])
    assert frame["weight"].between(0, 1, inclusive="right").all()


def test_a_missing_file_and_a_foreign_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is missing"):
        MoviesSource(tmp_path / "none.db").read(no_progress)
    (tmp_path / "other.db").write_bytes(b"")
    with pytest.raises(SourceError, match="omdb"):
        MoviesSource(tmp_path / "other.db").read(no_progress)
