"""What a question hides is hidden, from whatever types; and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.evaluate import films as films_evaluation
from pipeline.evaluate.hold_out import Part
from pipeline.evaluate.model import by_model
from pipeline.evaluate.question import Task, question
from pipeline.evaluate.tate import EXACT, TASK


def test_it_hides_what_it_asks_for(films: Hypergraph) -> None:
    genres = films_evaluation.TASKS["Genre"]
    test, validation = question(films, genres, "test", 0), question(films, genres, "validation", 0)
    assert len(test.rows_Q) == 1_702
    assert test.true_QC.any(axis=1).all()
    assert not set(test.rows_Q) & set(validation.rows_Q)
    for asked, hidden in [(test, test.rows_Q), (validation, np.concatenate([test.rows_Q, validation.rows_Q]))]:
        lists = asked.known.hyperedges
        assert not set(hidden) & set(lists["Production"].members_EK[:, 0])
        assert not set(hidden) & set(lists["Direction"].members_EK[:, 0])
        assert set(hidden) & set(lists["Screenplay"].members_EK[:, 0])


@pytest.mark.parametrize("slot", ["Genre", "Director"])
def test_hiding_a_slot_leaves_no_hyperedge_that_tells_it(films: Hypergraph, slot: str) -> None:
    asked = question(films, films_evaluation.TASKS[slot], "test", 0)
    for kind in films.dataset.hyperedge_types:
        whole, left = films.hyperedges[kind.label], asked.known.hyperedges[kind.label]
        if slot in kind.members:
            assert np.array_equal(left.members_EK, whole.members_EK[~np.isin(whole.members_EK[:, 0], asked.hidden)])
        else:
            assert left is whole


@pytest.mark.parametrize("part", ["test", "validation"])
def test_no_hyperedge_tells_the_artist_of_a_hidden_work(collection: Hypergraph, part: Part) -> None:
    asked = question(collection, TASK, part, 0)
    assert len(asked.rows_Q) == 13
    assert len(asked.hidden) == (13 if part == "test" else 26)
    told = {label: set(edges.members_EK[:, 0]) for label, edges in asked.known.hyperedges.items()}
    assert not told["Making"] & set(asked.hidden)
    # All else is still known.
    for label in ("Material", "Depiction"):
        assert asked.known.hyperedges[label] is collection.hyperedges[label]
        assert set(asked.rows_Q) <= set(asked.known.hyperedges[label].members_EK[:, 0])
    assert told["Making"] == set(collection.hyperedges["Making"].members_EK[:, 0]) - set(asked.hidden)
    assert asked.true_QC.sum() == 13


def test_a_planted_leak_is_noticed(collection: Hypergraph) -> None:
    asked = question(collection, TASK, "test", 0)
    asked.refuse_leak()
    making = asked.known.hyperedges["Making"]
    of_hidden = np.array([[asked.rows_Q[3], 0, 0, 0]])
    leaking = HyperedgeList(making.modalities, np.vstack([making.members_EK, of_hidden]), np.append(making.values_E, np.float32(1)))
    leaky = replace(asked, known=replace(asked.known, hyperedges={**asked.known.hyperedges, "Making": leaking}))
    with pytest.raises(ConfigurationError, match="1 hyperedges of Making tell"):
        leaky.refuse_leak()
    with pytest.raises(ConfigurationError, match="1 hyperedges of Making tell"):
        by_model(leaky, {}, EXACT)


def test_test_works_are_no_validation_works(collection: Hypergraph) -> None:
    test, validation = question(collection, TASK, "test", 2), question(collection, TASK, "validation", 2)
    assert not set(test.rows_Q) & set(validation.rows_Q)
    assert set(test.rows_Q) < set(validation.hidden)


def test_artists_of_few_works_are_no_candidates(collection: Hypergraph) -> None:
    asked = question(collection, TASK, "test", 0)
    assert asked.candidates_C.tolist() == [0, 1, 2, 3]
    assert not set(asked.rows_Q) & {130, 131}  # the works of the fifth


def test_a_collection_without_enough_works_is_refused(collection: Hypergraph) -> None:
    making = collection.hyperedges["Making"]
    few = making.only(np.arange(making.num_hyperedges) < 6)
    with pytest.raises(ConfigurationError, match="at least 10 are needed"):
        question(replace(collection, hyperedges={**collection.hyperedges, "Making": few}), TASK, "test", 0)


def test_what_else_an_entity_meets_is_known_though_the_answer_is_not(collection: Hypergraph) -> None:
    asked = question(collection, TASK, "test", 0)
    media = asked.members("Medium")
    assert (media[asked.rows_Q].sum(axis=1) >= 1).all()
    assert asked.members("Artist")[asked.rows_Q].nnz == 0
    assert asked.answers_NC[asked.rows_Q].nnz == 0


def test_a_modality_may_be_asked_for_itself() -> None:
    """Twenty films, each the remake of the one before it: what is hidden of a film is hidden at both of its places."""
    pairs = np.array([(film + 1, film) for film in range(19)])
    dataset = Dataset("films", (Modality("Film"),), (HyperedgeType("Remake", ("Film", "Film")),))
    lists = {"Remake": HyperedgeList(("Film", "Film"), pairs, np.ones(19, np.float32))}
    asked = question(Hypergraph(dataset, {"Film": 20}, lists, {}), Task("Film", "Film", "films"), "test", 0)
    for row, true_C in zip(asked.rows_Q, asked.true_QC, strict=True):
        assert np.flatnonzero(true_C).tolist() == [other for other in (row - 1, row + 1) if 0 <= other < 20]
    assert not set(asked.rows_Q) & set(asked.known.hyperedges["Remake"].members_EK.ravel())
