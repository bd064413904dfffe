"""Workers that have a modality between them, each some of its rows: what one process learns."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.domain.training_parameters import TrainingParameters, UpdateName
from pipeline.train.fit import fit
from tests.unit.train.hypergraphs import coupled
from tests.unit.train.workers import fit_on_threads

PARAMETERS = TrainingParameters(embedding_dim=6, rounds=6, tolerance=0.0, validation=0.2, network_steps=2)
CUT = [["Ant"], ["Ant"], ["Ant"], ["Bee"], ["Bee"], ["Cat", "Dog"]]


@pytest.mark.parametrize("start", ["random", "svd"])
@pytest.mark.parametrize("presence", [False, True])
@pytest.mark.parametrize("update", ["exact", "recurrent"])
def test_least_squares_are_those_of_one_process(update: UpdateName, presence: bool, start: str) -> None:
    """With graphs, offsets, a validation part, types that hold a modality twice; but for the order of sums."""
    hypergraph = coupled(5, 300, presence=presence)
    parameters = replace(PARAMETERS, update=update, start=start)
    alone = fit(hypergraph, parameters)
    for found in fit_on_threads(hypergraph, parameters, CUT):
        assert found.best_round == alone.best_round
        for done, expected in zip(found.history, alone.history, strict=True):
            assert done.losses.total == pytest.approx(expected.losses.total, rel=1e-3)
        for label, edges in hypergraph.hyperedges.items():
            np.testing.assert_allclose(found.predict(label, edges), alone.predict(label, edges), atol=1e-2)


def test_a_part_may_have_no_rows() -> None:
    hypergraph = coupled(5, 300)
    hypergraph.hyperedges["Twins"].members_EK[:] = 0
    hypergraph.hyperedges["Trio"].members_EK[:, 0] = 0
    hypergraph.hyperedges["Quad"].members_EK[:, 0] = 0
    parameters = replace(PARAMETERS, update="exact")
    alone, found = fit(hypergraph, parameters), fit_on_threads(hypergraph, parameters, [*[["Ant"]] * 5, ["Bee", "Cat", "Dog"]])[0]
    for label, edges in hypergraph.hyperedges.items():
        np.testing.assert_allclose(found.predict(label, edges), alone.predict(label, edges), atol=1e-2)
