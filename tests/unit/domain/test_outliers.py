"""The oddest hyperedges, against scores that are written out one by one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.domain import outliers as module
from pipeline.domain.hypergraph import HyperedgeList
from pipeline.domain.outliers import FarOff, Member, Unlikely, outliers
from pipeline.domain.outliers_frame import outliers_frame
from pipeline.domain.type_parameters import TypeParameters, shifts_of

SIZES = {"Film": 9, "Maker": 5, "Style": 4}
DIM = 6
Vectors = dict[str, np.ndarray]


def learned_of(
    modalities: tuple[str, ...], loss: Any = "likelihood", seed: int = 0
) -> tuple[TypeParameters, dict[str, np.ndarray]]:
    random = np.random.default_rng(seed)

    def numbers(*shape: int) -> np.ndarray:
        return random.standard_normal(shape).astype(np.float32)

    biases = tuple(numbers(SIZES[label]) for label in modalities)
    shifts = shifts_of(modalities, DIM)
    learned = TypeParameters(modalities, loss, 0.5, numbers(DIM), numbers(len(modalities), DIM), biases, shifts)
    return learned, {label: numbers(count, DIM) for label, count in SIZES.items()}


def hyperedges(modalities: tuple[str, ...], count: int) -> HyperedgeList:
    random = np.random.default_rng(1)
    drawn = np.unique(np.column_stack([random.integers(SIZES[label], size=count) for label in modalities]), axis=0)
    return HyperedgeList(modalities, random.permutation(drawn), random.standard_normal(len(drawn)).astype(np.float32))


def names_of() -> dict[str, "pd.Series[str]"]:
    return {
        label: pd.Series([f"{label} {row}" for row in range(count)], [f"{label[0]}{row}" for row in range(count)])
        for label, count in SIZES.items()
    }


def by_hand(edges: HyperedgeList, learned: TypeParameters, vectors: Vectors) -> np.ndarray:
    """By how much the best score of an entity that stands in the slot, but not with these others, is above the member's (K × E)."""
    members = edges.members_EK
    gaps = np.empty(members.T.shape)
    for position in range(members.shape[1]):
        scores = learned.slot_scores(vectors, members, position)
        for number, own in enumerate(members):
            same_others = (np.delete(members, position, 1) == np.delete(own, position)).all(axis=1)
            others = np.setdiff1d(members[:, position], members[same_others, position])
            gaps[position, number] = scores[number, others].max(initial=-np.inf) - scores[number, own[position]]
    return gaps


@pytest.mark.parametrize("modalities", [("Film", "Maker", "Style"), ("Film", "Film")])
@pytest.mark.parametrize("block_bytes", [1, 2**20])
def test_a_hyperedge_stands_where_its_oddest_slot_puts_it(
    modalities: tuple[str, ...], block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BLOCK_BYTES", block_bytes)
    (learned, vectors), edges = learned_of(modalities), hyperedges(modalities, 40)
    found = outliers(edges, learned, vectors, names_of(), 1_000)
    gaps = by_hand(edges, learned, vectors)
    places = [(-row).argsort().argsort() for row in gaps]
    best = np.min(places, axis=0)
    listed = []
    for each in found:
        assert isinstance(each, Unlikely)
        assert places[each.odd][each.hyperedge] == best[each.hyperedge]
        assert np.log(each.times) == pytest.approx(gaps[each.odd, each.hyperedge], abs=1e-4)
        assert each.times > 1
        listed.append(best[each.hyperedge])
    assert listed == sorted(listed)
    left_out = np.setdiff1d(np.arange(edges.num_hyperedges), [each.hyperedge for each in found])
    assert all(gaps[np.argmin([row[number] for row in places]), number] <= 0 for number in left_out)


def test_what_is_said_of_a_hyperedge() -> None:
    modalities = ("Film", "Maker", "Style")
    (learned, vectors), edges = learned_of(modalities), hyperedges(modalities, 40)
    first = outliers(edges, learned, vectors, names_of(), 1)[0]
    assert isinstance(first, Unlikely)
    own = edges.members_EK[first.hyperedge]
    assert first.members == [
        Member(f"{label[0]}{row}", f"{label} {row}", label) for label, row in zip(modalities, own.tolist(), strict=True)
    ]
    column = edges.members_EK[:, first.odd]
    assert first.seen == np.count_nonzero(column == own[first.odd])
    scores = learned.slot_scores(vectors, own[None], first.odd)[0]
    same_others = (np.delete(edges.members_EK, first.odd, 1) == np.delete(own, first.odd)).all(axis=1)
    others = np.setdiff1d(column, column[same_others])
    likeliest = others[np.argsort(-scores[others])][:3]
    assert [member.id for member in first.expected] == [f"{modalities[first.odd][0]}{row}" for row in likeliest]


def test_where_many_stand_in_a_slot_those_are_compared_that_stand_there_most_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CANDIDATES", 1)
    learned, vectors = learned_of(("Maker", "Style"))
    members = np.array([[0, 0], [0, 1], [1, 2], [2, 3]])
    edges = HyperedgeList(("Maker", "Style"), members, np.ones(4, np.float32))
    found = outliers(edges, learned, vectors, names_of(), 10)
    scores = learned.slot_scores(vectors, members, 0)
    odd = {int(number) for number in (2, 3) if scores[number, 0] > scores[number, members[number, 0]]}
    assert odd
    assert {each.hyperedge for each in found if isinstance(each, Unlikely) and each.odd == 0} == odd


def test_no_number_is_above_all_numbers() -> None:
    learned, vectors = learned_of(("Maker", "Style"))
    vectors = {label: vectors_ND * 1e4 for label, vectors_ND in vectors.items()}
    found = outliers(hyperedges(("Maker", "Style"), 12), learned, vectors, names_of(), 10)
    assert found
    assert all(np.isfinite(each.times) for each in found if isinstance(each, Unlikely))


def test_of_values_the_furthest_come_first() -> None:
    modalities = ("Film", "Maker")
    (learned, vectors), edges = learned_of(modalities, "squared"), hyperedges(modalities, 30)
    found = outliers(edges, learned, vectors, names_of(), 5)
    difference = edges.values_E - learned.values(vectors, edges.members_EK)
    expected = np.argsort(-np.abs(difference))[:5]
    assert [each.hyperedge for each in found] == expected.tolist()
    first = found[0]
    assert isinstance(first, FarOff)
    assert first.spreads == pytest.approx(difference[expected[0]] / difference.std())
    assert first.value - first.predicted == pytest.approx(difference[expected[0]])


def test_a_type_without_hyperedges_has_none() -> None:
    modalities = ("Film", "Maker")
    empty = HyperedgeList(modalities, np.zeros((0, 2), np.int64), np.zeros(0, np.float32))
    for loss in ("likelihood", "squared"):
        assert outliers(empty, *learned_of(modalities, loss), names_of(), 5) == []


def test_the_frame_tells_positions_of_one_modality_apart() -> None:
    modalities = ("Film", "Film")
    learned, vectors = learned_of(modalities)
    frame = outliers_frame(modalities, outliers(hyperedges(modalities, 30), learned, vectors, names_of(), 3))
    assert list(frame.columns) == ["Film 0", "Film 1", "odd", "seen", "expected", "times"]
    assert len(frame) == 3
    assert set(frame["odd"]) <= {"Film 0", "Film 1"}
