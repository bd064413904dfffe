from dataclasses import replace

import numpy as np

from pipeline.domain.hypergraph import Hypergraph
from pipeline.train.fit import fit
from pipeline.train.problem.held_out import hold_out
from tests.unit.train.hypergraphs import coupled, least_squares


def a_part(hypergraph: Hypergraph, part: float) -> dict[str, int]:
    return {label: int(part * edges.num_hyperedges) for label, edges in hypergraph.hyperedges.items()}


def test_a_part_of_every_type_is_held_out_and_nothing_is_lost() -> None:
    hypergraph = coupled(1, num=40)
    left, held_out = hold_out(hypergraph, a_part(hypergraph, 0.25), seed=3)
    for label, edges in hypergraph.hyperedges.items():
        parts = (left.hyperedges[label], held_out[label])
        assert parts[1].num_hyperedges == edges.num_hyperedges // 4
        found = np.concatenate([part.members_EK for part in parts])
        assert sorted(map(tuple, found)) == sorted(map(tuple, edges.members_EK))
        assert sorted(np.concatenate([part.values_E for part in parts])) == sorted(edges.values_E)


def test_the_draw_is_that_of_the_seed() -> None:
    first, again, other = (hold_out(coupled(), a_part(coupled(), 0.5), seed)[1]["Trio"].members_EK for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_nothing_is_held_out_unless_asked() -> None:
    left, held_out = hold_out(coupled(), a_part(coupled(), 0.0), seed=1)
    assert not any(edges.num_hyperedges for edges in held_out.values())
    assert np.array_equal(left.hyperedges["Trio"].members_EK, coupled().hyperedges["Trio"].members_EK)


def test_training_stops_by_the_validation_part_and_keeps_its_best_round() -> None:
    """Without a ridge, noise is soon learned by heart: the objective falls on, the validation loss does not."""
    parameters = least_squares(
        embedding_dim=8, rounds=200, tolerance=0, ridge=1e-3, offset_ridge=1e-3, graph_weight=0, validation=0.3, patience=5
    )
    left, held_out = hold_out(coupled(4), a_part(coupled(4), 0.3), parameters.seed)
    result = fit(left, parameters, held_out=held_out)
    weights = {label: weight["weight"] for label, weight in result.weights.items()}
    counts = {label: int(0.3 * edges.num_hyperedges) for label, edges in coupled(4).hyperedges.items()}
    watched = [sum(weights[label] * counts[label] * error for label, error in done.validation.items()) for done in result.history]
    assert result.best_round == int(np.argmin(watched))
    assert len(watched) - 1 == result.best_round + 5
    assert result.history[-1].losses.total < result.history[result.best_round].losses.total
    # The same rounds without the validation part, on what was left of the hyperedges, are the same training.
    alone = fit(left, replace(parameters, validation=0.0, rounds=result.best_round))
    np.testing.assert_allclose(alone.factors["Ant"], result.factors["Ant"], atol=1e-5)
