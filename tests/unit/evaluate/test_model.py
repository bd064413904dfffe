import numpy as np

from pipeline.domain.progress import no_progress
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.hypergraph import hypergraph_of
from pipeline.evaluate.model import by_model
from pipeline.evaluate.question import Task, question
from pipeline.train.fit import fit
from tests import tiny


def test_candidates_are_scored_by_the_mean_of_the_other_members() -> None:
    with tiny.tables().read(no_progress) as records:
        records.check()
        asked = question(hypergraph_of(records), Task("Film", "Style", "films"), "test", 0)
    parameters = TrainingParameters(embedding_dim=4, rounds=2)
    factors = fit(asked.known, parameters).factors
    making = asked.whole.hyperedges["Making"].members_EK
    expected = []
    for film in asked.rows_Q:
        makers = factors["Maker"][making[making[:, 0] == film, 1]].mean(axis=0)
        expected.append([np.sum(factors["Film"][film] * makers * style) for style in factors["Style"]])
    np.testing.assert_allclose(by_model(asked, asked.known.graphs, parameters), expected, rtol=1e-4)
