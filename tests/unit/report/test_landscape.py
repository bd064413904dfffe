import numpy as np

from pipeline.report.landscape import components, flat


def test_a_map_tells_groups_apart_whatever_the_lengths_of_vectors() -> None:
    random = np.random.default_rng(0)
    groups = np.repeat([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], 20, axis=0)
    vectors = (groups + 0.05 * random.standard_normal(groups.shape)) * random.uniform(0.1, 10, (60, 1))
    places = flat(vectors.astype(np.float32))
    centres = places.reshape(3, 20, 2).mean(axis=1)
    within = np.linalg.norm(places.reshape(3, 20, 2) - centres[:, None], axis=2).max()
    assert within < min(np.linalg.norm(centres[a] - centres[b]) for a, b in ((0, 1), (0, 2), (1, 2))) / 3


def test_a_map_does_not_flip() -> None:
    vectors = np.random.default_rng(1).standard_normal((30, 5)).astype(np.float32)
    np.testing.assert_allclose(flat(vectors), flat(vectors[::-1])[::-1], atol=1e-6)


def test_a_map_of_vectors_of_one_number_is_a_line() -> None:
    assert flat(np.array([[1.0], [-2.0], [3.0]], np.float32))[:, 1].tolist() == [0, 0, 0]


def test_components_that_differ_most_come_first_with_those_that_have_most_of_them() -> None:
    films = np.array([[0.1, 5, 1], [0.1, -5, 2], [0.1, 0, 3], [0.1, 0, 0]], np.float32)
    makers = np.array([[0.1, 3, 1], [0.1, -3, 2]], np.float32)
    found = components({"Film": (["a", "b", "c", "d"], films), "Maker": (["m", "n"], makers)}, count=2, each=2)
    # Of two makers one has most.
    assert found == [{"Film": ["a", "c"], "Maker": ["m"]}, {"Film": ["c", "b"], "Maker": ["n"]}]
