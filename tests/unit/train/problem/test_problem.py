from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import ConfigurationError
from pipeline.train.fit import fit
from pipeline.train.problem.problem import build_problem
from tests.unit.train.hypergraphs import coupled, dense_laplacian, least_squares


def test_the_weight_of_the_absent_is_by_default_the_density() -> None:
    weights = build_problem(coupled(presence=True), least_squares(absent_scale=2, absent_weights={"Pair": 1.0})).weights()
    assert weights["Trio"]["absentWeight"] == pytest.approx(2 * 30 / (9 * 7 * 5))
    assert weights["Pair"]["absentWeight"] == 1


def test_of_measured_values_nothing_is_absent_and_members_have_offsets() -> None:
    problem = build_problem(coupled(), least_squares())
    assert {weight["absentWeight"] for weight in problem.weights().values()} == {0}
    assert problem.offset_positions("Ant") == (("Trio", 0), ("Twins", 1), ("Twins", 2), ("Quad", 0))
    trio = problem.terms[0]
    assert trio.mean == pytest.approx(coupled().hyperedges["Trio"].values_E.mean())
    assert trio.hyperedges.values_E.mean() == pytest.approx(0, abs=1e-6)


def test_presence_has_no_offsets_nor_do_measurements_without() -> None:
    for problem in (
        build_problem(coupled(presence=True), least_squares()),
        build_problem(coupled(), least_squares(offsets=False)),
    ):
        assert not any(problem.offset_positions(label) for label in problem.labels)
        assert [term.mean for term in problem.terms] == [0, 0, 0, 0]


def test_the_ridge_grows_with_the_hyperedges_as_told() -> None:
    hypergraph = coupled()
    problem = build_problem(hypergraph, least_squares(ridge=2, ridge_exponent=1))
    members = [edges.members_EK[:, list(edges.modalities).index("Dog")] for edges in [hypergraph.hyperedges["Quad"]]]
    expected = np.bincount(members[0], minlength=3) + 1
    np.testing.assert_allclose(problem.ridges["Dog"], 2 * expected / expected.mean(), rtol=1e-6)
    assert (build_problem(hypergraph, least_squares(ridge=2)).ridges["Dog"] == 2).all()


def test_by_default_the_ridge_is_strong_where_nothing_but_values_tells() -> None:
    """A type that is there or not says more of a vector than its hyperedges: what is absent counts too."""
    by_values = build_problem(coupled(), TrainingParameters(validation=0.0, update="exact")).ridges
    assert min(ridge for ridges in by_values.values() for ridge in ridges) > 0.2
    presence = build_problem(coupled(presence=True), TrainingParameters(update="exact")).ridges
    assert {round(float(ridge), 4) for ridges in presence.values() for ridge in ridges} == {0.02}
    mixed = build_problem(coupled(), TrainingParameters(validation=0.0, update="exact", absent_weights={"Twins": 0.1})).ridges
    twins = coupled().hyperedges["Twins"].modalities
    assert {label: round(float(ridges[0]), 4) for label, ridges in mixed.items()} == {
        label: 0.02 if label in twins else round(float(by_values[label][0]), 4) for label in mixed
    }


def test_the_ridge_of_values_is_in_their_own_unit() -> None:
    """Of three members: values ten times as large, in cents instead of dimes, hold vectors alike with 10 ** (4 / 3) times it."""
    only = {"type_weights": dict.fromkeys(("Twins", "Pair", "Quad"), 0.0)}
    hypergraph = coupled()
    trio = hypergraph.hyperedges["Trio"]
    larger = replace(hypergraph, hyperedges={**hypergraph.hyperedges, "Trio": replace(trio, values_E=10 * trio.values_E)})
    ridge, its = (build_problem(each, TrainingParameters(validation=0.0, **only)).ridges["Ant"] for each in (hypergraph, larger))
    np.testing.assert_allclose(its, 10 ** (4 / 3) * ridge, rtol=1e-4)


def test_it_is_never_above_one() -> None:
    assert build_problem(coupled(presence=True), least_squares(absent_scale=1e9)).weights()["Trio"]["absentWeight"] == 1


def test_weights_are_as_described() -> None:
    weights = build_problem(coupled(), least_squares()).weights()
    assert {label: weight["weight"] for label, weight in weights.items()} == {"Trio": 1, "Twins": 0.5, "Pair": 2, "Quad": 1}


def test_graphs_of_a_modality_are_added_with_their_weights() -> None:
    hypergraph = coupled()
    problem = build_problem(hypergraph, least_squares(graph_weight=3, graph_scaling="absolute"))
    graphs = hypergraph.graphs
    bee = 3 * (0.4 * dense_laplacian(graphs["Bee", "NEAR"]) + 1.3 * dense_laplacian(graphs["Bee", "NEXT"]))
    np.testing.assert_allclose(problem.laplacians["Bee"].toarray(), bee, atol=1e-6)
    assert set(problem.laplacians) == {"Ant", "Bee"}


def test_graph_scaling_by_degree_is_the_mean_weighted_number_of_hyperedges() -> None:
    hypergraph = coupled()
    problem = build_problem(hypergraph, least_squares(graph_scaling="degree"))
    degree = (1 * 30 + 0.5 * 2 * 30 + 1 * 30) / 9  # Trio, Twins at two positions, Quad
    np.testing.assert_allclose(
        problem.laplacians["Ant"].toarray(), degree * 0.7 * dense_laplacian(hypergraph.graphs["Ant", "SIMILAR"]), atol=1e-5
    )


def test_no_graph_weight_leaves_the_graphs_out() -> None:
    assert build_problem(coupled(), least_squares(graph_weight=0)).laplacians == {}


def test_an_unknown_hyperedge_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Film"):
        build_problem(coupled(), least_squares(absent_weights={"Film": 0.5}))


def test_values_must_be_finite() -> None:
    hypergraph = coupled()
    hypergraph.hyperedges["Trio"].values_E[3] = np.nan
    with pytest.raises(ConfigurationError, match="Trio"):
        build_problem(hypergraph, least_squares())


def test_a_type_of_weight_0_is_no_term_and_a_graph_of_weight_0_no_laplacian() -> None:
    hypergraph = coupled()
    dataset = hypergraph.dataset
    without = replace(
        hypergraph,
        dataset=replace(
            dataset,
            hyperedge_types=tuple(replace(kind, weight=0.0) if kind.label == "Quad" else kind for kind in dataset.hyperedge_types),
            graphs=tuple(
                replace(graph, weight=0.0) if graph.relation_type in {"SIMILAR", "NEXT"} else graph for graph in dataset.graphs
            ),
        ),
    )
    problem = build_problem(without, TrainingParameters(graph_scaling="absolute"))
    assert [term.label for term in problem.terms] == ["Trio", "Twins", "Pair"]
    assert problem.laplacians.keys() == problem.graph_scales.keys() == {"Bee"}
    near = dense_laplacian(hypergraph.graphs["Bee", "NEAR"])
    np.testing.assert_allclose(problem.laplacians["Bee"].toarray(), 0.4 * near, atol=1e-6)
    # Only Quad joins dogs: nothing ties them any more, and they get vectors all the same.
    found = fit(without, TrainingParameters(embedding_dim=2, rounds=2))
    assert found.num_untied["Dog"] == hypergraph.num_entities["Dog"]
    assert found.weights.keys() == {"Trio", "Twins", "Pair"}


def test_something_is_to_be_trained_on() -> None:
    hypergraph = coupled()
    none = tuple(replace(kind, weight=0.0) for kind in hypergraph.dataset.hyperedge_types)
    with pytest.raises(ConfigurationError, match="every hyperedge type of data set small has weight 0"):
        build_problem(replace(hypergraph, dataset=replace(hypergraph.dataset, hyperedge_types=none)), TrainingParameters())


def test_parameters_survive_json() -> None:
    parameters = least_squares(embedding_dim=5, absent_weights={"Trio": 0.25}, graph_scaling="absolute")
    assert TrainingParameters.from_json(parameters.to_json()) == parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("update", "newton"),
        ("start", "warm"),
        ("validation", 1.0),
        ("offset_ridge", -1.0),
        ("network_steps", 0),
        ("embedding_dim", 0),
        ("rounds", 0),
        ("seed", -1),
        ("ridge", -1.0),
        ("ridge", float("nan")),
        ("absent_weights", {"Trio": 1.5}),
        ("graph_scaling", "x"),
    ],
)
def test_senseless_parameters_are_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        least_squares(**{name: value})


def test_what_is_unknown_is_not_absent() -> None:
    hypergraph = coupled()
    for exponent in (0.0, 0.5):
        trio = build_problem(hypergraph, least_squares(absent_popularity=exponent)).terms[0]
        for position, popularity in enumerate(trio.popularities):
            counts = np.bincount(trio.hyperedges.members_EK[:, position], minlength=len(popularity))
            assert not popularity[counts == 0].any()
            assert popularity.mean() == pytest.approx(1)
            known = popularity[counts > 0] / counts[counts > 0] ** exponent
            assert known == pytest.approx(known[0], rel=1e-5)


def test_the_paper_weighs_all_absent_cells_alike() -> None:
    for term in build_problem(coupled(presence=True), least_squares(absent_popularity=None)).terms:
        assert all((popularity == 1).all() for popularity in term.popularities)
        assert term.present_weights_E == pytest.approx(1 - term.absent_weight)
