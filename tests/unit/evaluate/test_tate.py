"""The evaluation on a small collection made here: what it hides, what it compares with, what it reports."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from typer.testing import CliRunner

from pipeline.command.evaluate import app
from pipeline.domain.dataset import GraphKey
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.progress import no_progress
from pipeline.errors import ConfigurationError
from pipeline.evaluate import tate
from pipeline.evaluate.tate import (
    by_neighbours,
    by_popularity,
    by_popularity_given,
    evaluate,
    question,
    read_collection,
    refuse_leak,
    training_data,
)
from pipeline.source.tate import DATASET

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


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def collection(folder: Path) -> Hypergraph:
    return read_collection(folder, no_progress)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXACT", "RECURRENT", "WITHOUT_GRAPHS"):
        monkeypatch.setattr(tate, name, replace(getattr(tate, name), embedding_dim=6, rounds=8))


@pytest.mark.parametrize("part", ["test", "validation"])
def test_no_hyperedge_tells_the_artist_of_a_hidden_work(collection: Hypergraph, part: tate.Part) -> None:
    asked = question(collection, part, 0)
    assert len(asked.rows_Q) == 13
    assert len(asked.hidden) == (13 if part == "test" else 26)
    data = training_data(asked, {key: asked.known.graphs[key] for key in tate.GRAPH_WEIGHTS})
    told = {label: set(edges.members_EK[:, 0]) for label, edges in data.hyperedges.items()}
    assert not told["Making"] & set(asked.hidden)
    # All else is still known.
    for label in ("Material", "Depiction"):
        assert asked.known.hyperedges[label] is collection.hyperedges[label]
        assert set(asked.rows_Q) <= set(asked.known.hyperedges[label].members_EK[:, 0])
    assert told["Making"] == set(collection.hyperedges["Making"].members_EK[:, 0]) - set(asked.hidden)
    assert asked.true_QC.sum() == 13


def test_a_planted_leak_is_noticed(collection: Hypergraph) -> None:
    asked = question(collection, "test", 0)
    making = asked.known.hyperedges["Making"]
    of_hidden = np.array([[asked.rows_Q[3], 0, 0, 0]])
    leaking = HyperedgeList(making.modalities, np.vstack([making.members_EK, of_hidden]), np.append(making.values_E, np.float32(1)))
    known = replace(asked.known, hyperedges={**asked.known.hyperedges, "Making": leaking})
    with pytest.raises(ConfigurationError, match="1 hyperedges of Making tell"):
        refuse_leak(known, asked.hidden)
    with pytest.raises(ConfigurationError, match="1 hyperedges of Making tell"):
        training_data(replace(asked, known=known), {})


def test_test_works_are_no_validation_works(collection: Hypergraph) -> None:
    test, validation = question(collection, "test", 2), question(collection, "validation", 2)
    assert not set(test.rows_Q) & set(validation.rows_Q)
    assert set(test.rows_Q) < set(validation.hidden)


def test_artists_of_few_works_are_no_candidates(collection: Hypergraph) -> None:
    asked = question(collection, "test", 0)
    assert asked.candidates_C.tolist() == [0, 1, 2, 3]
    assert not set(asked.rows_Q) & {130, 131}  # the works of the fifth
    others = asked.not_by_the_most_frequent()
    assert np.array_equal(others[:, 1:], asked.true_QC[:, 1:])
    assert not others[:, 0].any()


def test_a_collection_without_enough_works_is_refused(collection: Hypergraph) -> None:
    making = collection.hyperedges["Making"]
    few = HyperedgeList(making.modalities, making.members_EK[:6], making.values_E[:6])
    with pytest.raises(ConfigurationError, match="at least 10 are needed"):
        question(replace(collection, hyperedges={**collection.hyperedges, "Making": few}), "test", 0)


def by_hand() -> tate.Question:
    """Works 0 to 4 known, 5 asked for: media 0 and 1, decade 0. Artist 0 made four, artist 1 one."""
    making = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [2, 0, 2, 1], [3, 0, 2, 1], [4, 1, 1, 0], [4, 1, 0, 0], [4, 1, 0, 1]])
    material = np.array([*np.delete(making, 1, axis=1).tolist(), [5, 0, 0], [5, 1, 0]])
    lists = {
        "Making": HyperedgeList(("Artwork", "Artist", "Medium", "Decade"), making, np.ones(len(making), np.float32)),
        "Material": HyperedgeList(("Artwork", "Medium", "Decade"), material, np.ones(len(material), np.float32)),
    }
    graph = np.zeros((6, 6), np.float32)
    graph[5, [0, 4]] = 0.25, 0.5
    graphs: dict[GraphKey, sparse.csr_array] = {("Artwork", "SIMILAR"): sparse.csr_array(graph + graph.T)}
    known = Hypergraph(DATASET, {"Artwork": 6, "Artist": 2, "Medium": 3, "Decade": 2, "Subject": 1}, lists, graphs)
    return tate.Question(known, np.array([5]), np.array([5]), np.array([0, 1]), np.array([[False, True]]))


def test_baselines_by_hand() -> None:
    asked = by_hand()
    assert by_popularity(asked).tolist() == [[4, 1]]
    # Medium 0 in decade 0: twice by artist 0, once by artist 1; medium 1 in decade 0: once by artist 1. Ties: 4/5 and 1/5.
    assert by_popularity_given(asked)[0] == pytest.approx([2 + 4 / 5, 2 + 1 / 5])
    assert by_neighbours(asked)[0] == pytest.approx([0.25 + 0.01 * 4 / 5, 0.5 + 0.01 * 1 / 5])


@pytest.mark.parametrize("update", ["exact", "recurrent"])
def test_it_reports_the_model_beside_its_baselines(collection: Hypergraph, update: tate.UpdateName) -> None:
    found = evaluate(collection, update, 2)
    assert (found["update"], found["part"], found["seeds"]) == (update, "test", 2)
    assert found["mrr"] == pytest.approx(np.mean(found["by_seed"]))
    assert found["seconds"] > 0
    assert found["num_pairs"] == 13
    assert set(found["baselines"]) == {
        "popularity",
        "popularity given medium and decade",
        "vote of the nearest works",
        "model without graphs",
        "model with shuffled graphs",
    }
    for measured in (found, *found["baselines"].values()):
        for part in (measured, measured["without_turner"]):
            assert 0 <= part["hits@1"] <= part["mrr"] <= 1
            assert part["hits@1"] <= part["hits@10"] == 1
    # Each artist has a medium of their own.
    assert found["baselines"]["popularity given medium and decade"]["mrr"] > 0.9
    assert found["baselines"]["popularity"]["hits@1"] < 0.8
    assert json.loads(json.dumps(found)) == found


def test_the_exact_update_learns_who_works_how(collection: Hypergraph) -> None:
    found = evaluate(collection, "exact", 2)
    assert found["mrr"] > found["baselines"]["popularity"]["mrr"] + 0.1


@pytest.mark.parametrize("options", [["--json"], []])
def test_the_command_prints_what_was_found(folder: Path, options: list[str]) -> None:
    result = CliRunner().invoke(app, ["tate", "--from", str(folder), "--seeds", "1", *options])
    assert result.exit_code == 0
    if options:
        found = json.loads(result.stdout)
        assert {"mrr", "hits@1", "hits@10", "update", "seconds", "baselines", "without_turner"} <= found.keys()
    else:
        assert "vote of the nearest works" in result.stdout
