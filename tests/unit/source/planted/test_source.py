from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.progress import no_progress
from pipeline.errors import ConfigurationError
from pipeline.source.planted.parameters import PlantedParameters, PlantedType
from pipeline.source.planted.source import PlantedSource, _Drawing, cp_model, plant


@st.composite
def parameters(draw: st.DrawFn) -> PlantedParameters:
    labels = [f"M{n}" for n in range(draw(st.integers(1, 4)))]
    sizes = {label: draw(st.integers(2, 12)) for label in labels}
    kinds = {}
    for n in range(draw(st.integers(1, 3))):
        members = tuple(draw(st.lists(st.sampled_from(labels), min_size=2, max_size=4)))
        kinds[f"T{n}"] = PlantedType(members=members, density=draw(st.floats(0.01, 1.0)))
    return PlantedParameters(
        modalities=sizes,
        hyperedges=kinds,
        embedding_dim=draw(st.integers(1, 5)),
        values=draw(st.sampled_from(["presence", "numbers"])),
        noise=draw(st.sampled_from([0.0, 0.3, 1.0])),
        nearest=draw(st.integers(0, 3)),
        seed=draw(st.integers(0, 1_000)),
    )


@settings(deadline=None, max_examples=40)
@given(parameters())
def test_what_is_asked_for_comes(asked: PlantedParameters) -> None:
    try:
        planted = plant(asked)
    except ConfigurationError as error:
        assert "nearly all weight" in str(error)
        return
    again = plant(asked)
    for label, kind in asked.hyperedges.items():
        members = planted.members[label]
        assert members.shape == (asked.num_hyperedges(label), len(kind.members))
        assert len({tuple(row) for row in members.tolist()}) == len(members)
        assert (members >= 0).all()
        assert (members < [asked.modalities[member] for member in kind.members]).all()
        np.testing.assert_array_equal(members, again.members[label])
        np.testing.assert_array_equal(planted.values[label], again.values[label])
    with planted.records() as records:
        records.check()
        for label, size in asked.modalities.items():
            assert records.num_rows(label) == size
            assert planted.factors[label].shape == (size, asked.embedding_dim)
            if asked.nearest:
                frame = records.frame(f"{label}-SIMILAR")
                degree = Counter([*frame["source"], *frame["target"]])
                assert min(degree.values()) >= min(asked.nearest, size - 1)
                assert len(degree) == size


def test_values_are_those_of_the_model_and_noise_is_as_large_as_asked() -> None:
    kind = PlantedType(members=("A", "B", "A"), number=20_000)
    base = {"modalities": {"A": 60, "B": 50}, "hyperedges": {"T": kind}, "values": "numbers", "seed": 5}
    exact, noisy = (plant(PlantedParameters(**base, noise=noise)) for noise in (0.0, 0.5))
    a, b = exact.factors["A"], exact.factors["B"]
    tensor = np.einsum("ir,jr,kr->ijk", a, b, a)
    signal = tensor[tuple(exact.members["T"].T)]
    np.testing.assert_allclose(exact.values["T"], signal)
    np.testing.assert_array_equal(noisy.members["T"], exact.members["T"])
    error = noisy.values["T"] - signal
    assert abs(error.std() / signal.std() - 0.5) < 0.02
    assert abs(error.mean()) < 0.05 * signal.std()


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_presence_follows_the_model(noise: float) -> None:
    # one hyperedge of 8 × 6 combinations, drawn anew 6,000 times
    matrices = plant(
        PlantedParameters(modalities={"A": 8, "B": 6}, hyperedges={"T": PlantedType(members=("A", "B"), number=1)})
    ).factors
    random = np.random.default_rng(1)
    drawn = _Drawing([matrices["A"], matrices["B"]], noise, random)._draw(60_000)
    found = np.zeros((8, 6))
    np.add.at(found, tuple(drawn.T), 1 / len(drawn))
    model = np.einsum("ir,jr->ij", matrices["A"], matrices["B"])
    expected = (1 - noise) * model / model.sum() + noise / model.size
    np.testing.assert_allclose(found, expected, atol=4 * np.sqrt(expected.max() / len(drawn)))


def test_both_ways_of_drawing_without_repetition_agree() -> None:
    # 12 of 100 combinations, drawn by dropping repetitions and by ranking all: the same chances to be among them
    random = np.random.default_rng(2)
    matrices = [random.gamma(1.0, size=(10, 3)) for _ in range(2)]
    drawing = _Drawing(matrices, 0.1, random)
    counts = np.zeros((2, 10, 10))
    for _ in range(2_000):
        for way, members in enumerate((drawing.combinations("T", 12), drawing._from_all(12))):
            counts[way][tuple(members.T)] += 1 / 2_000
    assert abs(counts[0] - counts[1]).max() < 5 * np.sqrt(0.5 * 0.5 * 2 / 2_000)


def test_neighbours_are_near_in_factor_space() -> None:
    planted = plant(PlantedParameters(nearest=3))
    factor = planted.factors["User"]
    squares = np.sum((factor[:, None] - factor[None]) ** 2, axis=2)
    np.fill_diagonal(squares, np.inf)
    expected = {frozenset((row, int(near))) for row in range(len(factor)) for near in np.argsort(squares[row])[:3]}
    frame = planted.relations["User", "SIMILAR"]
    assert {frozenset((int(a), int(b))) for a, b in zip(frame["source"], frame["target"], strict=True)} == expected


def test_a_million_hyperedges_are_unique() -> None:
    kind = PlantedType(members=("A", "B", "C", "D"), number=1_000_000)
    sizes = {"A": 200_000, "B": 150_000, "C": 1_000, "D": 100_000}
    planted = plant(PlantedParameters(modalities=sizes, hyperedges={"T": kind}, nearest=0))
    members = planted.members["T"]
    assert len(np.unique(members, axis=0)) == 1_000_000
    chance = cp_model([planted.factors[label] for label in sizes], members)
    alike = np.column_stack([np.random.default_rng(0).integers(size, size=100_000) for size in sizes.values()])
    assert np.median(chance) > 10 * np.median(cp_model([planted.factors[label] for label in sizes], alike))


def test_parameters_come_from_toml(tmp_path: Path) -> None:
    file = tmp_path / "planted.toml"
    file.write_text(
        'name = "mine"\nnearest = 0\n[modalities]\nA = 5\nB = 4\n[hyperedges.T]\nmembers = ["A", "B", "B"]\nnumber = 7\n'
    )
    source = PlantedSource(file)
    assert source.name == "mine"
    assert PlantedSource().name == "planted"
    with source.read(no_progress) as records:
        records.check()
        assert records.num_rows("T") == 7
        assert not records.dataset.graphs
    before = source.fingerprint()
    file.write_text(file.read_text().replace("7", "8"))
    assert source.fingerprint() != before


def test_everything_wrong_in_a_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "planted.toml"
    for content, told in {
        'noise = -1\nembeding_dim = 3\nvalues = "some"\n': ["noise", "embeding_dim", "values"],
        "[hyperedges.T]\nmembers = ['User']\nnumber = 1\ndensity = 0.5\n": ["hyperedges.T.members"],
        "[hyperedges.T]\nmembers = ['User', 'Item']\n": ["give either number or density"],
        "[hyperedges.T]\nmembers = ['User', 'Film']\nnumber = 1\n": ["hyperedges.T names Film, modalities are User, Item, Tag"],
        "[hyperedges.T]\nmembers = ['Tag', 'Tag']\nnumber = 2501\n": ["asks for 2,501 of 2,500 combinations"],
        "noise = 2.0": ["at most 1"],
        "name = 'Not good'": ["'Not good' cannot name a data set"],
        "name = ": ["is no TOML"],
    }.items():
        file.write_text(content)
        with pytest.raises(ConfigurationError) as caught:
            _ = PlantedSource(file).name
        assert all(text in str(caught.value) for text in told), str(caught.value)
    with pytest.raises(ConfigurationError, match="does not exist"):
        PlantedSource(tmp_path / "none.toml").fingerprint()
