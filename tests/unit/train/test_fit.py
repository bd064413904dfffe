import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy import sparse

from pipeline.domain.dataset import Dataset, HyperedgeType, Modality
from pipeline.domain.hypergraph import HyperedgeList, Hypergraph
from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.errors import ConfigurationError, TrainingDivergedError
from pipeline.train.fit import fit, fit_share
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.kernels.kernels import Kernels
from pipeline.train.problem.layout import Factors
from pipeline.train.problem.problem import build_problem
from pipeline.train.rounds import Rounds
from pipeline.train.sharing.exchange import Alone
from pipeline.train.sharing.threads import Threads, one_kernel_thread
from pipeline.train.station import Station
from tests.unit.train.hypergraphs import (
    coupled,
    dense_hypergraph,
    dense_loss,
    double,
    least_squares,
    random_factors,
    random_matrices,
)

ANY_DEVICE = pytest.mark.parametrize(
    "device",
    ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")])],
)
BOTH_UPDATES = pytest.mark.parametrize("update", ["exact", "recurrent"])
SMALL = least_squares(embedding_dim=4, rounds=8, tolerance=0)


def trained(hypergraph: Hypergraph, parameters: TrainingParameters, start: Factors, kernels: Kernels, threads: Threads) -> Factors:
    """Run the rounds from a start; give the matrices."""
    problem = build_problem(hypergraph, parameters)
    own = {label: matrix.copy() for label, matrix in start.items()}  # the rounds move it
    rounds = Rounds(problem, problem.labels, own, parameters, Alone(), kernels, threads)
    rounds.run()
    return rounds.matrices()


@pytest.mark.usefixtures("tile_size")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    num=st.integers(1, 60),
    absent=st.sampled_from([(None, 0.5), (None, 0.0), (0.0, None), (0.01, None), (1.0, None)]),
    ridge=st.sampled_from([0.0, 0.1, 5.0]),
    graph_weight=st.sampled_from([0.0, 1.0, 30.0]),
    iterations=st.integers(1, 10),
    presence=st.booleans(),
)
@example(seed=5945, num=1, absent=(None, 0.5), ridge=0.0, graph_weight=0.0, iterations=1, presence=False)
def test_the_objective_never_rises(
    seed: int,
    num: int,
    absent: tuple[float | None, float | None],
    ridge: float,
    graph_weight: float,
    iterations: int,
    presence: bool,
) -> None:
    hypergraph = coupled(seed, num, presence=presence)
    parameters = replace(
        SMALL,
        absent_weights={} if absent[0] is None else dict.fromkeys(hypergraph.hyperedges, absent[0]),
        absent_popularity=absent[1],
        ridge=ridge,
        graph_weight=graph_weight,
        cg_iterations=iterations,
    )
    totals = [done.losses.total for done in fit(hypergraph, parameters, threads=1).history]
    assert all(after <= before * (1 + 1e-5) + 1e-4 for before, after in itertools.pairwise(totals))


@BOTH_UPDATES
@pytest.mark.parametrize("presence", [False, True])
def test_the_history_tells_the_objective_of_the_factors(
    kernels: Kernels, threads: Threads, update: UpdateName, presence: bool
) -> None:
    hypergraph = coupled(1, presence=presence)
    parameters = replace(SMALL, update=update, patience=100)
    problem = build_problem(hypergraph, parameters)
    start = random_matrices(problem, 4)
    rounds = Rounds(problem, problem.labels, start, parameters, Alone(), kernels, threads)
    history = rounds.run()
    expected = dense_loss(problem, double({label: np.array(matrix) for label, matrix in rounds.matrices().items()}))
    assert history[-1].losses.total == pytest.approx(float(expected.detach()), rel=1e-4)
    assert [done.number for done in history] == list(range(9))
    assert set(history[-1].losses.reconstruction) == set(hypergraph.hyperedges)
    assert set(history[-1].losses.smoothness) == {"Ant", "Bee"}
    assert set(history[-1].iterations) == set(hypergraph.num_entities)


@pytest.mark.parametrize("presence", [False, True])
def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads(presence: bool) -> None:
    hypergraph = coupled(2, presence=presence)
    first, again, other = (fit(hypergraph, replace(SMALL, seed=seed), threads=n).factors for seed, n in ((5, 1), (5, 3), (6, 1)))
    assert all(np.array_equal(factor, again[label]) for label, factor in first.items())
    assert not np.array_equal(first["Ant"], other["Ant"])


def test_what_torch_was_set_to_is_restored() -> None:
    before = torch.get_num_threads()
    fit(coupled(), replace(SMALL, rounds=1), threads=3)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("presence", [False, True])
def test_relabelling_the_entities_permutes_the_result(threads: Threads, presence: bool) -> None:
    hypergraph = coupled(3, presence=presence)
    rng = np.random.default_rng(0)
    new_rows = {label: rng.permutation(count) for label, count in hypergraph.num_entities.items()}  # old row -> new row
    lists = {}
    for label, edges in hypergraph.hyperedges.items():
        columns = [new_rows[modality][edges.members_EK[:, k]] for k, modality in enumerate(edges.modalities)]
        shuffled = rng.permutation(edges.num_hyperedges)
        lists[label] = HyperedgeList(edges.modalities, np.stack(columns, axis=1)[shuffled], edges.values_E[shuffled])
    graphs = {
        key: sparse.csr_array(weights.toarray()[np.ix_(np.argsort(new_rows[key[0]]), np.argsort(new_rows[key[0]]))])
        for key, weights in hypergraph.graphs.items()
    }
    renamed = Hypergraph(hypergraph.dataset, hypergraph.num_entities, lists, graphs)
    parameters = replace(SMALL, rounds=5)
    start = random_matrices(build_problem(hypergraph, parameters), 4)
    moved_start = {label: matrix[np.argsort(new_rows[label])] for label, matrix in start.items()}
    expected = trained(hypergraph, parameters, start, CompiledKernels(), threads)
    found = trained(renamed, parameters, moved_start, CompiledKernels(), threads)
    for label, matrix in expected.items():
        np.testing.assert_allclose(found[label][new_rows[label]], matrix, atol=2e-3)


def test_planted_factors_are_found_again() -> None:
    planted = {
        label: np.abs(factor) for label, factor in random_factors({"Ant": 12, "Bee": 10, "Cat": 8, "Dog": 9}, 3, seed=1).items()
    }
    hypergraph = dense_hypergraph(planted, {"Trio": ("Ant", "Bee", "Cat"), "Other": ("Ant", "Dog", "Bee")})
    result = fit(
        hypergraph,
        least_squares(embedding_dim=3, rounds=300, ridge=0, offsets=False, tolerance=1e-9, cg_iterations=30, seed=2),
    )
    observed = sum(float((edges.values_E**2).sum()) for edges in hypergraph.hyperedges.values())
    assert result.history[-1].losses.total < 1e-5 * observed

    def unit(factor: np.ndarray) -> np.ndarray:
        return factor / np.linalg.norm(factor, axis=0)

    congruence = np.prod([unit(planted[label]).T @ unit(result.factors[label]) for label in ("Ant", "Bee", "Cat")], axis=0)
    assert sorted(congruence.argmax(axis=1)) == [0, 1, 2]
    assert congruence.max(axis=1).min() > 0.99


def test_it_stops_when_the_objective_settles() -> None:
    result = fit(coupled(4), replace(SMALL, rounds=500, tolerance=1e-3))
    assert 2 < len(result.history) < 100


def test_entities_that_nothing_ties_get_the_mean_vector_of_their_modality() -> None:
    hypergraph = coupled(5)
    result = fit(hypergraph, SMALL)
    # The last entity of every modality is in no hyperedge and in no graph; Dog has no other without.
    assert result.num_untied["Dog"] == 1
    mean = result.factors["Dog"][:-1].mean(axis=0)
    assert np.linalg.norm(result.factors["Dog"][-1] - mean) == pytest.approx(0.02 * np.linalg.norm(mean), rel=1e-3)
    assert all(factor.any(axis=1).all() for factor in result.factors.values())


def test_an_entity_without_hyperedges_learns_from_its_relations() -> None:
    hypergraph = coupled(6)
    chain = np.zeros((9, 9), dtype=np.float32)
    chain[8, 0] = chain[0, 8] = 1
    graphs = {**hypergraph.graphs, ("Ant", "SIMILAR"): sparse.csr_array(chain)}
    result = fit(replace(hypergraph, graphs=graphs), replace(SMALL, rounds=60, graph_weight=10))
    assert result.num_untied["Ant"] == 0
    cosine = result.factors["Ant"] @ result.factors["Ant"][8] / np.linalg.norm(result.factors["Ant"], axis=1)
    assert cosine[0] / np.linalg.norm(result.factors["Ant"][8]) > 0.99


def test_a_hypergraph_without_hyperedges_has_vectors_that_say_nothing() -> None:
    hypergraph = coupled(0)
    empty = {label: HyperedgeList(e.modalities, e.members_EK[:0], e.values_E[:0]) for label, e in hypergraph.hyperedges.items()}
    result = fit(replace(hypergraph, hyperedges=empty), SMALL)
    assert result.num_untied == hypergraph.num_entities
    np.testing.assert_allclose(result.factors["Ant"], 0.5, atol=0.02)


@pytest.mark.parametrize(
    ("value", "what"), [(1e38, "the objective .* round 0"), (1e25, "the step of (Ant|Bee|Cat|Dog) .* round 1")]
)
def test_numbers_out_of_range_are_named(value: float, what: str) -> None:
    hypergraph = coupled(0)
    hypergraph.hyperedges["Trio"].values_E[:] = value
    with pytest.raises(TrainingDivergedError, match=what):
        fit(hypergraph, SMALL)


@BOTH_UPDATES
def test_what_was_kept_to_stop_by_is_learned_in_the_end(update: UpdateName) -> None:
    """Anew, for as many rounds as were best; a validation part of somebody else's is not."""
    hypergraph, parameters = coupled(2), replace(SMALL, rounds=4, update=update, validation=0.2)
    found = fit(hypergraph, parameters)
    problem = build_problem(hypergraph, parameters)
    whole = problem.with_nothing_held_out()
    assert whole.num_held_out == 0
    assert {term.label: term.hyperedges.num_hyperedges for term in whole.terms} == {
        label: edges.num_hyperedges for label, edges in hypergraph.hyperedges.items()
    }
    station = Station(problem.labels, Alone(), CompiledKernels(), 1)
    expected = fit_share(whole, replace(parameters, rounds=found.best_round), station)
    assert found.best_round > 0
    assert all(np.array_equal(factor, expected.factors[label]) for label, factor in found.factors.items())
    own = fit_share(replace(problem, keeps_own=False), parameters, station)
    assert not any(np.array_equal(factor, own.factors[label]) for label, factor in found.factors.items())


@BOTH_UPDATES
@pytest.mark.parametrize("presence", [False, True])
@ANY_DEVICE
def test_torch_on_any_device_gives_what_compiled_loops_give(device: str, update: UpdateName, presence: bool) -> None:
    hypergraph = coupled(7, presence=presence)
    parameters = replace(SMALL, rounds=3, update=update, validation=0.1)
    start = random_matrices(build_problem(hypergraph, parameters), 4)
    with one_kernel_thread(1) as alone:  # as on a GPU, where two threads may not begin with its linear algebra at once
        expected, found = (
            trained(hypergraph, parameters, start, kernels, alone) for kernels in (CompiledKernels(), Kernels(torch.device(device)))
        )
    for label, matrix in expected.items():
        np.testing.assert_allclose(found[label], matrix, atol=2e-3)


@pytest.mark.parametrize("presence", [False, True])
@ANY_DEVICE
def test_batches_on_any_device_give_what_they_give_on_the_cpu(device: str, presence: bool) -> None:
    """With graphs, dropped vectors, candidates that are drawn and a type with values beside."""
    parameters = TrainingParameters(
        update="stochastic", embedding_dim=8, rounds=3, batch_size=16, candidates=3, cubic_norm=0.01, validation=0.2
    )
    problem = build_problem(coupled(7, 60, presence=presence), parameters)
    expected, found = (
        fit_share(problem, parameters, Station(problem.labels, Alone(), kernels, 1))
        for kernels in (CompiledKernels(), Kernels(torch.device(device)))
    )
    for label, matrix in expected.factors.items():
        np.testing.assert_allclose(found.factors[label], matrix, atol=2e-3)
    for label, types in expected.types.items():
        np.testing.assert_allclose(found.types[label].scale_D, types.scale_D, atol=2e-3)
        np.testing.assert_allclose(found.types[label].centres_KD, types.centres_KD, atol=2e-3)
    for then, now in zip(expected.history, found.history, strict=True):
        assert now.losses.total == pytest.approx(then.losses.total, rel=1e-3)


@ANY_DEVICE
@pytest.mark.parametrize("update", ["exact", "stochastic"])
def test_a_device_gives_the_same_bits_again(device: str, update: UpdateName) -> None:
    """Every sum has one order, also where many hyperedges of a row are added up side by side."""
    hypergraph = crowded(5_000)
    parameters = replace(SMALL, rounds=2, embedding_dim=8, update=update, validation=0.1, batch_size=500, candidates=2)
    problem = build_problem(hypergraph, parameters)
    once, again = (
        fit_share(problem, parameters, Station(problem.labels, Alone(), Kernels(torch.device(device)), 1)) for _ in range(2)
    )
    for label, matrix in once.factors.items():
        np.testing.assert_array_equal(again.factors[label], matrix)


def crowded(count: int) -> Hypergraph:
    """Many hyperedges of few entities: two of the modalities have rows of hundreds."""
    rng = np.random.default_rng(0)
    members = np.unique(rng.integers(0, [9, 11, 400], (count, 3)), axis=0)
    labels = ("Ant", "Bee", "Cat")
    dataset = Dataset("crowded", tuple(map(Modality, labels)), (HyperedgeType("Trio", labels),))
    edges = HyperedgeList(labels, members, rng.random(len(members)).astype(np.float32))
    return Hypergraph(dataset, dict(zip(labels, (9, 11, 400), strict=True)), {"Trio": edges}, {})


def test_scores_of_a_slot_are_the_predictions_with_each_entity_in_it() -> None:
    """Measured values with offsets, one modality twice; what stands in the slot itself does not count."""
    hypergraph = coupled(3)
    result = fit(hypergraph, SMALL)
    for label, edges in hypergraph.hyperedges.items():
        for position, modality in enumerate(edges.modalities):
            members_QK = edges.members_EK[:5].copy()
            members_QK[:, position] = -1
            scores_QN = result.slot_scores(label, members_QK, position)
            assert scores_QN.shape == (5, hypergraph.num_entities[modality])
            for row in range(hypergraph.num_entities[modality]):
                members_QK[:, position] = row
                expected = result.predict(label, HyperedgeList(edges.modalities, members_QK, np.ones(5, np.float32)))
                np.testing.assert_allclose(scores_QN[:, row], expected, rtol=1e-4, atol=1e-5)


def test_a_type_that_nothing_is_known_of_has_no_scores() -> None:
    with pytest.raises(ConfigurationError, match="nothing is known of hyperedge type Other"):
        fit(coupled(3), SMALL).slot_scores("Other", np.zeros((1, 2), np.int64), 0)
