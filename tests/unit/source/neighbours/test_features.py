from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from pipeline.source.neighbours import features as module
from pipeline.source.neighbours.features import (
    Metric,
    categories_feature,
    number_feature,
    relations,
    terms_feature,
    text_feature,
    vector_feature,
    vector_problems,
    words,
)
from pipeline.source.neighbours.nearest import Block, nearest


def squares(block: Block) -> np.ndarray:
    """Squared distances of all pairs, by the definition of a block."""
    rows = block.rows if isinstance(block.rows, np.ndarray) else block.rows.toarray()
    gaps = block.missing_norm * (block.missing_N[:, None].astype(int) + block.missing_N[None, :])
    distances: np.ndarray = block.weight * (np.sum((rows[:, None] - rows[None]) ** 2, axis=2) + gaps)
    return distances


def test_missing_numbers_make_nobody_near() -> None:
    # 0 and 1 agree in what both have; 2 has nothing: the average stands for it, so it is nobody's first choice
    indices, _ = nearest([number_feature([1.0, 1.0, None, 9.0, 9.0])], 1)
    assert indices.ravel()[[0, 1, 3, 4]].tolist() == [1, 0, 4, 3]


def test_a_constant_or_empty_feature_tells_nothing() -> None:
    assert not number_feature([3.0, 3.0, 3.0]).rows.any()
    empty = number_feature([np.nan, None])
    assert not empty.rows.any()
    assert empty.missing_N.all()
    assert not vector_feature(np.ones((3, 2))).rows.any()
    assert vector_feature([None, None]).missing_N.all()
    assert categories_feature([None, []]).missing_N.all()


def test_rare_terms_weigh_more_than_common_ones() -> None:
    # each of 0's neighbours shares one category with it: 1 a rare one, 2 a common one
    indices, _ = nearest([categories_feature([["rare", "common"], ["rare"], ["common"], ["common"], ["common"]])], 1)
    assert indices[0, 0] == 1


def test_terms_of_too_few_or_too_many_are_left_out() -> None:
    # All twelve have the first term, one the second, half of them the third.
    terms = np.array([[1, row == 0, row % 2] for row in range(12)], dtype=np.float32)
    block = terms_feature(sparse.csr_array(terms), 1.0, min_entities=2, max_part=0.5)
    assert block.rows.shape[1] == 1
    assert block.missing_N.tolist() == [True, False] * 6


def test_in_few_texts_no_word_is_common() -> None:
    block = text_feature(["a red house", "a red boat", "a blue boat"])
    assert not block.missing_N.any()


def test_one_entity_that_changes_leaves_the_others_relations_as_they_were() -> None:
    generator = np.random.default_rng(1)
    num_entities = 1500
    ids = [str(row) for row in range(num_entities)]
    numbers = generator.normal(50, 7, num_entities)
    texts = [" ".join(f"word{word}" for word in generator.integers(0, 60, 5)) for _ in ids]
    vectors = generator.normal(3, 2, (num_entities, 4))

    def found() -> dict[tuple[str, str], float]:
        blocks = [number_feature(numbers), text_feature(texts), vector_feature(vectors)]
        return {(row.source, row.target): row.weight for row in relations(ids, blocks, 5).itertuples()}

    before = found()
    numbers[7], texts[7], vectors[7] = 61.0, "word1 word2", [5.0, 1.0, 3.0, 3.0]
    after = found()
    same = [pair for pair in before.keys() & after.keys() if before[pair] == after[pair]]
    # Where a word's rarity passes from one step to the next, the texts that have it change.
    assert len(same) > 0.7 * len(before)


def test_categories_are_compared_by_the_cosine_of_tf_idf() -> None:
    cells = [["a", "b"], ["a"], ["b", ""], None]
    # by hand: idf = log(5 / 3) + 1 of both, so that 0 is (1, 1) / √2
    expected = [2 - 2 / np.sqrt(2), 2 - 2 / np.sqrt(2), 2.0]
    np.testing.assert_allclose(squares(categories_feature(cells))[0, 1:], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'Été, un jour d'ÉTÉ", ["été", "un", "jour", "été"]),
        ("Straße STRASSE snake_case 1984 x", ["strasse", "strasse", "snake", "case", "1984"]),
        ("Война и мир; 紅樓夢", ["война", "мир", "紅樓夢"]),
        (None, []),
    ],
)
def test_words(text: str | None, expected: list[str]) -> None:
    assert words(text) == expected


def test_texts_are_near_by_rare_words_and_not_by_very_common_ones() -> None:
    # every text has "the", which is left out: the last has nothing else and so nothing to compare
    texts = ["The Whale hunt", "a WHALE, the", *(f"the word{n} word{n // 2}" for n in range(10, 30)), "the"]
    block = text_feature(texts, 2.0)
    assert squares(block)[0].argsort()[1] == 1
    assert block.missing_N.tolist() == [False] * (len(texts) - 1) + [True]
    np.testing.assert_allclose(squares(block)[0, 1:].max(), 4.0, rtol=1e-6)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_vectors_are_near_by_their_metric(metric: Metric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK_VALUES", 100)
    rows = np.random.default_rng(3).normal(2.0, 5.0, size=(90, 7))
    np.save(tmp_path / "rows.npy", rows)
    on_disk = np.load(tmp_path / "rows.npy", mmap_mode="r")
    doubles = rows / np.linalg.norm(rows, axis=1, keepdims=True) if metric == "cosine" else rows
    expected = np.sum((doubles[:, None] - doubles[None]) ** 2, axis=2)
    found = squares(vector_feature(on_disk, 1.0, metric))
    if metric == "euclidean":
        # a mean of 2 over all pairs, so that weights compare
        np.testing.assert_allclose(found.mean(), 2.0, rtol=0.25)
        expected *= found.mean() / expected.mean()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(squares(vector_feature(rows.tolist(), 1.0, metric)), found)


def test_a_missing_vector_makes_nobody_near() -> None:
    block = vector_feature([[1.0, 2.0], None, [1.0, 2.1], [5.0, 5.0]])
    assert block.missing_N.tolist() == [False, True, False, False]
    assert nearest([block], 1)[0].ravel()[[0, 2]].tolist() == [2, 0]
    assert vector_feature([[0.0, 0.0], [1.0, 0.0]], 1.0, "cosine").missing_N.tolist() == [True, False]


def test_every_vector_that_is_not_usable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK_VALUES", 4)
    vectors = [[1.0, 2.0], [1.0], None, [np.nan, 1.0], [1.0, -np.inf], [1.0, 2.0, 3.0], [1.0, "x"], [0.0, 3]]
    assert list(vector_problems(vectors).itertuples(index=False, name=None)) == [
        (1, "2 numbers", "1 numbers"),
        (3, "finite numbers", "nan at place 1"),
        (4, "finite numbers", "-inf at place 2"),
        (5, "2 numbers", "3 numbers"),
        (6, "numbers", "'x' at place 2"),
    ]
    array = np.array([[1.0, 2.0], [np.inf, 0.0], [0.0, 0.0], [0.0, np.nan]], dtype=np.float32)
    assert vector_problems(array)[["row", "found"]].to_numpy().tolist() == [[1, "inf at place 1"], [3, "nan at place 2"]]
    with pytest.raises(ValueError, match="5 vectors are not usable; in row 1 expected 2 numbers, found 1 numbers"):
        vector_feature(vectors)
    assert vector_problems(np.zeros((3, 2))).empty
    assert vector_problems([]).empty


def test_relations_join_every_entity_to_its_nearest_each_pair_once() -> None:
    found = relations(["a", "b", "c", "d"], [number_feature([0.0, 1.0, 10.0, 11.5])], 1)
    assert set(zip(found["source"], found["target"], strict=True)) == {("a", "b"), ("c", "d")}
    assert found["weight"].between(0, 1, inclusive="right").all()
    assert isinstance(found, pd.DataFrame)
