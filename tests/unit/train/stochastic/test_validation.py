"""Ranks of the validation part against a loop over all that is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.evaluate.ranking import realistic_ranks
from pipeline.train.fit import fit
from pipeline.train.problem.problem import build_problem
from pipeline.train.stochastic.validation import Validation, known_answers
from tests.unit.train.hypergraphs import coupled


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 30), st.integers(0, 8), st.integers(2, 4))
def test_known_answers_are_those_of_a_loop(seed: int, count: int, num_asked: int, arity: int) -> None:
    rng = np.random.default_rng(seed)
    every, asked = rng.integers(0, 3, (count, arity)), rng.integers(0, 3, (num_asked, arity))
    for position in range(arity):
        others = [k for k in range(arity) if k != position]
        expected = sorted(
            (query, int(edge[position]))
            for query, members in enumerate(asked)
            for edge in every
            if (edge[others] == members[others]).all()
        )
        queries, rows = known_answers(every, asked, position)
        assert sorted(zip(queries.tolist(), rows.tolist(), strict=True)) == expected


def test_the_loss_is_one_less_the_mean_filtered_reciprocal_rank() -> None:
    hypergraph = coupled(5, num=300, presence=True)
    parameters = TrainingParameters(embedding_dim=8, rounds=4, validation=0.2)
    result = fit(hypergraph, parameters)
    for term in build_problem(hypergraph, parameters).terms:
        asked = term.held_out.members_EK
        every = {tuple(edge) for edge in np.concatenate([term.hyperedges.members_EK, asked]).tolist()}
        reciprocal = []
        for position, label in enumerate(term.modalities):
            scores = result.types[term.label].slot_scores(result.factors, asked, position)
            for query, members in enumerate(asked.tolist()):
                for row in range(hypergraph.num_entities[label]):
                    if row != members[position] and (*members[:position], row, *members[position + 1 :]) in every:
                        scores[query, row] = -np.inf
            is_true = np.arange(scores.shape[1]) == asked[:, [position]]
            reciprocal.append(np.mean(1 / realistic_ranks(scores, is_true)))
        found = Validation(term).loss(result.factors, result.types[term.label])
        assert found == pytest.approx(1 - np.mean(reciprocal), abs=1e-9)


def test_nothing_held_out_is_no_loss() -> None:
    hypergraph = coupled(5, presence=True)
    parameters = TrainingParameters(embedding_dim=4, rounds=1, validation=0.0)
    result = fit(hypergraph, parameters)
    (term, *_) = build_problem(hypergraph, parameters).terms
    assert Validation(term).loss(result.factors, result.types[term.label]) is None
