"""Slots of hidden hyperedges: ranks and baselines by hand, and against loops over a dense table."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.domain.dataset import Dataset, HyperedgeType, IntraModalGraph, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.errors import ConfigurationError
from pipeline.evaluate import slot_baselines as slot_baselines_module
from pipeline.evaluate import slot_ranks
from pipeline.evaluate.hidden import Hidden
from pipeline.evaluate.ranking import realistic_ranks
from pipeline.evaluate.slot import Slot, slot_of
from pipeline.evaluate.slot_baselines import popularity, slot_baselines
from pipeline.evaluate.slot_ranks import dense_ranks, sparse_ranks

LABELS = ("Film", "Actor", "Genre", "Decade")


def hidden_of(
    sizes: tuple[int, ...], known: np.ndarray, asked: np.ndarray, other: np.ndarray | None = None, graph: np.ndarray | None = None
) -> Hidden:
    """One type, Casting, over the first modalities; a graph of the films."""
    labels = LABELS[: len(sizes)]
    graphs = {} if graph is None else {("Film", "SIMILAR"): sparse.csr_array(graph.astype(np.float32))}
    dataset = Dataset(
        "films", tuple(map(Modality, labels)), (HyperedgeType("Casting", labels),), tuple(IntraModalGraph(*key) for key in graphs)
    )
    lists = [HyperedgeList(labels, rows, np.ones(len(rows), np.float32)) for rows in (known, asked)]
    true = np.concatenate([known, asked, *([] if other is None else [other])])
    return Hidden(
        Hypergraph(dataset, dict(zip(labels, sizes, strict=True)), {"Casting": lists[0]}, graphs),
        {"Casting": lists[1]},
        {"Casting": true},
    )


def ranks(slot: Slot) -> dict[str, list[float]]:
    ties_C = popularity(slot)
    return {name: sparse_ranks(slot, scores, ties_C).tolist() for name, scores in slot_baselines(slot).items()}


def cosines(members: np.ndarray, position: int, other: int, sizes: tuple[int, ...]) -> np.ndarray:
    """Of the sets of others that entities stand with, by a dense table; 0 of an entity with itself."""
    has = np.zeros((sizes[position], sizes[other]))
    has[members[:, position], members[:, other]] = 1
    norms = np.maximum(np.linalg.norm(has, axis=1, keepdims=True), 1e-9)
    found = (has / norms) @ (has / norms).T
    np.fill_diagonal(found, 0)
    return found.round(9)


KNOWN = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [2, 1, 1], [2, 0, 1], [3, 2, 1]])
ASKED = np.array([[0, 2, 0]])
GRAPH = np.zeros((4, 4))
GRAPH[0, 3] = GRAPH[3, 0] = 2
GRAPH[0, 1] = GRAPH[1, 0] = 1


def test_ranks_of_an_actor_by_hand() -> None:
    """Film 0 of genre 0 had actor 0, who is left out; of actors 1 (in two films), 2 (in one) and 3 (in none), 2 is asked for."""
    found = ranks(slot_of(hidden_of((4, 4, 2), KNOWN, ASKED, graph=GRAPH), "Casting", 1, 0))
    assert found == {
        "popularity": [2.0],
        "popularity given Film": [2.0],  # nobody else in film 0, so by popularity
        "popularity given Genre": [2.0],  # actor 1 once
        "product of these counts": [2.0],
        "the same others seen": [2.0],
        "vote of the neighbours": [1.0],  # film 3 votes 2 for actor 2, film 1 votes 1 for actor 1
    }


def test_of_many_that_resemble_one_the_nearest_are_asked_and_who_has_many_tells_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    """Film 4 had actor 0, who is nearest to actor 1 (two films of three), then to 2 (one of two)."""
    known = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 2], [3, 3], [4, 0]])
    slot = slot_of(hidden_of((5, 4), known, np.array([[4, 1], [4, 2], [4, 3]])), "Casting", 1, 0)

    def scores() -> list[list[float]]:
        return slot_baselines(slot)["item-kNN"](slice(0, 1)).toarray().round(3).tolist()

    every = [[0.0, round(2 / np.sqrt(8), 3), 0.5, 0.0]]
    assert scores() == every
    monkeypatch.setattr(slot_baselines_module, "_NEAREST", 1)
    assert scores() == [[0.0, every[0][1], 0.0, 0.0]]
    monkeypatch.setattr(slot_baselines_module, "_MOST_TOLD", 1)
    assert scores() == [[0.0] * 4]  # no film tells of two actors any more


def test_true_members_of_every_part_are_left_out() -> None:
    """Were actor 1 true for film 0 and genre 0 in another part, actor 2 would be first."""
    other = np.array([[0, 1, 0]])
    assert ranks(slot_of(hidden_of((4, 4, 2), KNOWN, ASKED, other), "Casting", 1, 0))["popularity"] == [1.0]


def test_equal_counts_share_their_ranks() -> None:
    """Actors 3 and 4 are in no film: behind actors 1 and 2 (0 is left out), one of ranks 3 and 4."""
    found = ranks(slot_of(hidden_of((4, 5, 2), KNOWN, np.array([[0, 3, 0]])), "Casting", 1, 0))
    assert found["popularity"] == [3.5]


def test_the_model_is_ranked_by_its_scores_less_the_true_ones() -> None:
    slot = slot_of(hidden_of((4, 4, 2), KNOWN, ASKED), "Casting", 1, 0)
    assert dense_ranks(slot, lambda members_QK: np.array([[9.0, 5.0, 5.0, 7.0]])).tolist() == [2.5]
    with pytest.raises(ConfigurationError, match=r"Casting, slot 1 \(Actor\): a score is not a number"):
        dense_ranks(slot, lambda members_QK: np.array([[9.0, 5.0, 5.0, np.nan]]))


@settings(max_examples=40, deadline=None)
@example(96, 2, 1, 1000)
@example(359, 2, 1, 1000)
@given(st.integers(0, 10_000), st.integers(2, 4), st.sampled_from([1, 64 * 2**20]), st.sampled_from([1000, 3]))
def test_ranks_are_those_of_a_dense_table(seed: int, arity: int, chunk_bytes: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = (5, 6, 3, 2)[:arity]
    every = np.unique(np.column_stack([rng.integers(size, size=40) for size in sizes]), axis=0)
    rng.shuffle(every)
    asked, other, known = every[:4], every[4:6], every[6:]
    graph = np.triu(rng.random((5, 5)) < 0.5, 1) * 1.0
    hidden = hidden_of(sizes, known, asked, other, graph + graph.T)
    position = int(rng.integers(arity))
    slot = slot_of(hidden, "Casting", position, seed, most)
    others = [k for k in range(arity) if k != position]
    scores: dict[str, np.ndarray] = {name: np.zeros((len(asked), sizes[position])) for name in slot_baselines(slot)}
    true_QN = np.zeros((len(asked), sizes[position]), dtype=bool)
    names = {f"popularity given {LABELS[k]}": k for k in others}
    cosines_NN = cosines(known, position, others[0], sizes)
    for query, members in enumerate(asked):
        for row in every:
            true_QN[query, row[position]] |= all(row[k] == members[k] for k in others)
        for row in known:
            at = (query, row[position])
            for name, k in names.items():
                scores[name][at] += row[k] == members[k]
            if arity == 2:
                scores["item-kNN"][query] += (row[others[0]] == members[others[0]]) * cosines_NN[row[position]]
            if arity > 2:
                scores["the same others seen"][at] += all(row[k] == members[k] for k in others)
            if arity > 3:
                scores["any two others seen"][at] += sum(
                    row[a] == members[a] and row[b] == members[b] for a, b in combinations(others, 2)
                )
            if position != 0:
                scores["vote of the neighbours"][at] += (graph + graph.T)[members[0], row[0]]
    if arity == 2:
        scores["item-kNN"] = scores["item-kNN"].round(9)  # equal ones are added up in another order here
    if arity > 2:
        scores["product of these counts"] = np.prod([scores[name] + 1 for name in names], axis=0)
    popular_N = np.bincount(known[:, position], minlength=sizes[position])
    candidates = slot.candidates_C
    assert len(candidates) == sizes[position] or slot.is_sampled
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slot_ranks, "CHUNK_BYTES", chunk_bytes)
        found = ranks(slot)
        model_QN = rng.integers(0, 4, size=true_QN.shape).astype(np.float32)
        by_members = {tuple(members): scores_N for members, scores_N in zip(asked.tolist(), model_QN, strict=True)}
        dense = dense_ranks(slot, lambda members_QK: np.array([by_members[tuple(members)] for members in members_QK.tolist()]))
    pair = np.zeros_like(true_QN)
    pair[np.arange(len(asked)), asked[:, position]] = True
    for name, scores_QN in [*scores.items(), ("model", model_QN)]:
        # Of two that are equal the more popular one is first, and of no others.
        keyed = scores_QN if name == "model" else scores_QN + popular_N / 1e7
        every_rank = realistic_ranks(keyed[:, candidates], true_QN[:, candidates])
        expected = every_rank[pair[:, candidates][true_QN[:, candidates]]]
        np.testing.assert_allclose(dense if name == "model" else found[name], expected, err_msg=name)


def test_candidates_are_a_sample_only_of_large_modalities() -> None:
    asked = np.array([[0, 9, 0], [1, 5, 0]])
    hidden = hidden_of((4, 10, 2), KNOWN, asked)
    assert not slot_of(hidden, "Casting", 1, 0, most=10).is_sampled
    sampled = slot_of(hidden, "Casting", 1, 0, most=4)
    assert sampled.is_sampled
    assert 4 <= len(sampled.candidates_C) <= 6
    assert {5, 9} <= set(sampled.candidates_C.tolist())
    assert sampled.candidates_C[sampled.own_Q].tolist() == [9, 5]
