"""A small collection in the museum's layout, made here, and the real one where it is there."""

import io
import json
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.domain.progress import no_progress
from pipeline.errors import SourceError
from pipeline.records.problems import SourceProblems
from pipeline.records.records import Records
from pipeline.source.described import graphs
from pipeline.source.tate import archive as module
from pipeline.source.tate.source import DATASET, TateSource

ARCHIVE = Path(__file__).parents[4].parent / "shared" / "data" / "tate-collection.tar.xz"

TREE = {
    "id": 1,
    "name": "subject",
    "children": [
        {
            "id": 60,
            "name": "nature",
            "children": [{"id": 67, "name": "animals", "children": [{"id": 5, "name": "dog"}, {"id": 6, "name": "cat"}]}],
        },
        {"id": 91, "name": "people", "children": [{"id": 98, "name": "nudes", "children": [{"id": 519, "name": "female"}]}]},
    ],
}


def artwork(acno: str, year: Any, medium: str | None, artists: dict[int, str], subjects: Any = None) -> dict[str, Any]:
    return {
        "acno": acno,
        "title": f"Title of {acno}",
        "all_artists": ", ".join(artists.values()),
        "dateRange": None if year is None else {"startYear": year, "text": str(year)},
        "dateText": "",
        "medium": medium,
        "classification": "painting",
        "dimensions": "support: 10 x 20 mm\r\nframe: 30 x 40 mm",
        "width": "10",
        "height": "(top):",
        "contributors": [
            {"id": id_, "fc": name, "role": "artist", "gender": None, "birthYear": 1900} for id_, name in artists.items()
        ],
        "groupTitle": "Sketchbook of the artist",
        **({"subjects": subjects} if subjects else {}),
    }


ARTWORKS = [
    artwork("T1", 1839, "Oil paint and graphite on 2 canvases", {7: "Ada"}, TREE),
    artwork("T2", "c.1997-9", "Bronze", {7: "Ada", 8: "Ben"}),
    artwork("T3", "no date", "Bronze", {8: "Ben"}, TREE),
    artwork("T4", 1840, None, {9: "Cy"}, {"id": 1, "name": "subject", "children": [TREE["children"][0]]}),  # type: ignore[index]
]
ARTISTS = [
    {"id": 7, "fc": "Ada", "birthYear": 1800, "gender": "Female", "movements": [{"name": "Surrealism"}]},
    {
        "id": 8,
        "fc": "Ben",
        "birthYear": 1950,
        "gender": "Male",
        "birth": {"place": {"name": "Wigan, United Kingdom"}, "time": {"startYear": 1950}},
        "death": {"time": {"startYear": 2001}},
        "movements": [],
    },
]


def write_collection(folder: Path, artworks: list[dict[str, Any]] = ARTWORKS) -> Path:
    for kind, documents in (("artworks", artworks), ("artists", ARTISTS)):
        for place, document in enumerate(documents):
            file = folder / "collection-master" / kind / "a" / str(place) / f"{place}.json"
            file.parent.mkdir(parents=True)
            file.write_text(json.dumps(document), encoding="utf-8")
    (folder / "collection-master" / "README.md").write_text("Not a document.")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "unpacked")


def tuples(records: Records, key: str) -> set[tuple[Any, ...]]:
    frame = records.frame(key).astype(object)
    return set(frame.where(frame.notna(), None).itertuples(index=False, name=None))


def read(path: Path) -> Records:
    records = TateSource(path).read(no_progress)
    records.check()
    return records


def test_a_small_collection_is_read_whole(folder: Path) -> None:
    with read(folder) as records:
        assert tuples(records, "Making") == {
            ("T1", "7", "oil", "1830s", 1.0),
            ("T1", "7", "graphite", "1830s", 1.0),
            ("T1", "7", "canvas", "1830s", 1.0),
            ("T2", "7", "bronze", "1990s", 1.0),
            ("T2", "8", "bronze", "1990s", 1.0),
        }
        assert tuples(records, "Material") == {(a, m, d, v) for a, _, m, d, v in tuples(records, "Making")}
        every = ["60", "67", "5", "6", "91", "98", "519"]
        assert tuples(records, "Depiction") == {
            *(("T1", subject, "1830s", 1.0) for subject in every),
            *(("T4", subject, "1840s", 1.0) for subject in every[:4]),
        }
        assert tuples(records, "Subject") == {
            ("60", "nature", 1, None),
            ("67", "animals", 2, "nature"),
            ("5", "dog", 3, "animals"),
            ("6", "cat", 3, "animals"),
            ("91", "people", 1, None),
            ("98", "nudes", 2, "people"),
            ("519", "female", 3, "nudes"),
        }
        # undirected, as all relations inside a modality are
        broader = {frozenset(pair[:2]) for pair in tuples(records, "Subject-BROADER")}
        assert broader == {frozenset(pair) for pair in [("67", "60"), ("5", "67"), ("6", "67"), ("98", "91"), ("519", "98")]}
        assert {(a, b) for a, b, _ in tuples(records, "Decade-NEXT")} == {("1830s", "1840s"), ("1840s", "1990s")}
        artists = records.frame("Artist").set_index("id")
        assert artists["name"].to_dict() == {"7": "Ada", "8": "Ben", "9": "Cy"}
        assert artists.loc["8", ["birthYear", "deathYear", "birthPlace", "country"]].tolist() == [
            1950,
            2001,
            "Wigan, United Kingdom",
            "United Kingdom",
        ]
        assert list(artists.loc["7", "movements"]) == ["Surrealism"]
        assert artists.loc["9", "birthYear"] == 1900
        works = records.frame("Artwork").set_index("id")
        assert works.loc["T1", ["name", "artist", "year", "width"]].tolist() == ["Title of T1", "Ada", 1839, 10.0]
        assert works.loc["T1", "dimensions"] == "support: 10 x 20 mm / frame: 30 x 40 mm"
        assert pd.isna(works.loc["T3", "year"])
        assert pd.isna(works.loc["T1", "height"])
        assert records.notes == [
            "Artist: 1 that artworks name have no file of their own, which has their years and places",
            "Making: 2 rows of artworks.jsonl left out, with nothing in media (1), nothing in decade (1)",
            "Making: 2 rows of artworks.jsonl made 5 hyperedges",
            "Material: 2 rows of artworks.jsonl left out, with nothing in media (1), nothing in decade (1)",
            "Material: 2 rows of artworks.jsonl made 4 hyperedges",
            "Depiction: 2 rows of artworks.jsonl left out, with nothing in subjects (1), nothing in decade (1)",
            "Depiction: 2 rows of artworks.jsonl made 11 hyperedges",
        ]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz", ".zip"])
def test_an_archive_holds_what_its_folder_holds(folder: Path, tmp_path: Path, suffix: str) -> None:
    archive = tmp_path / f"collection{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for file in sorted(folder.rglob("*.json"), reverse=True):
                packed.write(file, file.relative_to(folder))
    else:
        with tarfile.open(archive, f"w:{suffix.removeprefix('.tar').removeprefix('.')}") as packed_tar:
            packed_tar.add(folder, "packed")
    with read(folder) as expected, read(archive) as found:
        for key in expected.tables:
            assert repr(sorted(map(repr, tuples_of_lists(found, key)))) == repr(sorted(map(repr, tuples_of_lists(expected, key))))


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_members_of_an_archive_lie_nowhere(tmp_path: Path, suffix: str) -> None:
    """Whatever they are called: they are read, and not unpacked; what only names another file is passed over."""
    inside, archive = tmp_path / "inside", tmp_path / "inside" / f"collection{suffix}"
    inside.mkdir()
    names = ["../artworks/a/escaped.json", f"{tmp_path}/artworks/a/absolute.json"]
    content = b'{"acno": "T1"}'
    if suffix == ".zip":
        with zipfile.ZipFile(archive, "w") as packed:
            for name in names:
                packed.writestr(name, content)
    else:
        with tarfile.open(archive, "w") as packed_tar:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                packed_tar.addfile(member, io.BytesIO(content))
            link = tarfile.TarInfo("artworks/a/link.json")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            packed_tar.addfile(link)
    assert [document.data for document in module.documents(archive)] == [{"acno": "T1"}] * 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [archive]


def tuples_of_lists(records: Records, key: str) -> Iterator[tuple[Any, ...]]:
    for row in records.frame(key).astype(object).itertuples(index=False, name=None):
        yield tuple(tuple(cell) if hasattr(cell, "tolist") or isinstance(cell, list) else cell for cell in row)


def test_every_broken_document_is_told(folder: Path) -> None:
    artworks = folder / "collection-master" / "artworks" / "a"
    (artworks / "broken.json").write_text('{"acno": "T9", ')
    (artworks / "encoding.json").write_bytes(b'{"acno": "T\xe9"}')
    (artworks / "nameless.json").write_text("{}")
    (artworks / "deep.json").write_text('{"acno": ' + "[" * 100_000)
    (artworks / "shape.json").write_text('{"acno": "T8", "subjects": {"children": [{"name": "no id"}]}}')
    with TateSource(folder).read(no_progress) as records, pytest.raises(SourceProblems) as caught:
        records.check()
    told = {(group.place.rsplit("/", 1)[-1], group.examples[0][1].split(":")[0]) for group in caught.value.groups}
    assert told == {
        ("broken.json", "Expecting property name enclosed in double quotes"),
        ("encoding.json", "'utf-8' codec can't decode byte 0xe9 in position 11"),
        ("nameless.json", "no acno"),
        ("deep.json", "nested too deeply"),
        ("shape.json", "KeyError"),
    }


def test_what_is_no_collection_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tar.xz").write_text("not packed")
    for kind in ("gz", "xz"):
        with tarfile.open(tmp_path / "whole", f"w:{kind}") as packed:
            packed.add(folder, "packed")
        content = (tmp_path / "whole").read_bytes()
        (tmp_path / f"cut.tar.{kind}").write_bytes(content[: len(content) * 2 // 3])
    for name, what in {
        "none": "is missing",
        "empty": "holds no artwork",
        "text.tar.xz": "cannot be read",
        "cut.tar.gz": "cannot be read",
        "cut.tar.xz": "cannot be read",
    }.items():
        with pytest.raises(SourceError, match=f"{name} {what}") as caught:
            TateSource(tmp_path / name).read(no_progress)
        assert "artworks/" in caught.value.hint


def test_neighbours_of_an_artwork_do_not_know_its_artist(tmp_path: Path) -> None:
    told = {
        "title",
        "groupTitle",
        "inscription",
        "creditLine",
        "acquisitionYear",
        "url",
        "contributors",
        "all_artists",
        "acno",
        "id",
    }
    works = [artwork(f"T{n}", 1800 + n, "Oil paint on canvas" if n % 2 else "Bronze", {n % 3: "X"}, TREE) for n in range(20)]
    someone = {"contributors": [{"id": 7, "fc": "Ada"}]}
    other = [{**work, **dict.fromkeys(told - {"acno"}, "something else"), **someone} for work in works]
    with read(write_collection(tmp_path / "one", works)) as seen, read(write_collection(tmp_path / "other", other)) as unseen:
        assert set(unseen.frame("Making")["member1"]) == {"7"}
        assert not seen.frame("Artwork-SIMILAR").empty
        assert seen.frame("Artwork-SIMILAR").equals(unseen.frame("Artwork-SIMILAR"))


@pytest.mark.skipif(not ARCHIVE.is_file(), reason="the Tate's collection is not there; get it from its public repository")
def test_the_real_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    # every pair of 69,202 artworks is compared in benchmarks/nearest.py
    monkeypatch.setattr(graphs, "fill_nearest", lambda *_: None)
    source = TateSource(ARCHIVE)
    with read(ARCHIVE) as records:
        assert {key: records.num_rows(key) for key in [*DATASET.labels, "Subject-BROADER", "Making", "Material", "Depiction"]} == {
            "Artwork": 69_202,
            "Artist": 3_539,
            "Medium": 35,
            "Decade": 48,
            "Subject": 16_632,
            "Subject-BROADER": 16_616,
            "Making": 123_598,
            "Material": 122_558,
            "Depiction": 776_917,
        }
        nude = records.frame("Artwork").set_index("id").loc["T03282"]
        assert (nude["name"], nude["artist"], nude["year"]) == ("Nude X", "Anthony Fry", 1980)
        assert {m[1:] for m in tuples(records, "Making") if m[0] == "T03282"} == {
            ("1128", "oil", "1980s", 1.0),
            ("1128", "canvas", "1980s", 1.0),
        }
    assert source.fingerprint() == TateSource(ARCHIVE).fingerprint()
