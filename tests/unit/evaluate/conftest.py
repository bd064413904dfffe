"""Two data sets that the evaluation is tried on: the films, and a small collection of artworks made here."""

import json
from pathlib import Path

import pytest

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.evaluate.hypergraph import read_hypergraph

STYLES = {1: ("Graphite on paper", 1830), 2: ("Oil on canvas", 1860), 3: ("Bronze", 1930), 4: ("Screenprint on paper", 1970)}
NUM_WORKS = {1: 60, 2: 30, 3: 20, 4: 20}


def artwork(place: int, artist: int, medium: str, year: int) -> dict[str, object]:
    contributor = {"id": artist, "fc": f"Artist {artist}", "role": "artist", "gender": None, "birthYear": year - 30}
    subject = {"id": 1, "name": "subject", "children": [{"id": 10 + artist % 2, "name": f"subject {artist % 2}"}]}
    return {
        "acno": f"T{place:03}",
        "title": f"Title {place}",
        "all_artists": f"Artist {artist}",
        "dateRange": {"startYear": year + place % 7, "text": str(year)},
        "medium": medium,
        "classification": "painting",
        "dimensions": "",
        "width": str(10 * artist + place % 5),
        "height": "20",
        "contributors": [contributor],
        "subjects": subject,
    }


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four artists, each with a medium and a time of their own, and one of two works in the first one's manner."""
    folder = tmp_path_factory.mktemp("tate") / "collection-master"
    made_by = [artist for artist, count in NUM_WORKS.items() for _ in range(count)]
    works = [artwork(place, artist, *STYLES[artist]) for place, artist in enumerate(made_by)]
    works += [artwork(900 + place, 5, *STYLES[1]) for place in range(2)]
    for kind, documents in (
        ("artworks", works),
        ("artists", [{"id": a, "fc": f"Artist {a}", "movements": []} for a in range(1, 6)]),
    ):
        for place, document in enumerate(documents):
            file = folder / kind / "a" / f"{place}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(document), encoding="utf-8")
    return folder.parent


@pytest.fixture(scope="session")
def collection(folder: Path) -> Hypergraph:
    return read_hypergraph("tate", folder, no_progress)


@pytest.fixture(scope="session")
def films() -> Hypergraph:
    return read_hypergraph("movies", None, no_progress)
