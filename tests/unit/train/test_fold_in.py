"""Folding in beside a dense model of its loss, and on entities of which it is known where they belong."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from pipeline.domain.hypergraph import Hypergraph
from pipeline.domain.training_parameters import TrainingParameters
from pipeline.train import fold_in as module
from pipeline.train.fit import Fit, fit
from pipeline.train.fold_in import fold_in
from pipeline.train.problem.layout import Factors
from tests.unit.train.hypergraphs import coupled

PARAMETERS = TrainingParameters(embedding_dim=8, rounds=4, validation=0.0, cubic_norm=0.0)
NEW = {"Ant": [2, 7], "Bee": [], "Cat": [3], "Dog": []}


def marks(hypergraph: Hypergraph, new: dict[str, list[int]] = NEW) -> dict[str, np.ndarray]:
    return {label: np.isin(np.arange(count), new[label]) for label, count in hypergraph.num_entities.items()}


def without(hypergraph: Hypergraph, is_new: dict[str, np.ndarray]) -> Hypergraph:
    """What there was before the new entities came: their rows are there, and nothing ties them."""
    lists = {}
    for label, edges in hypergraph.hyperedges.items():
        lists[label] = edges.only(~edges.holding(is_new))
    graphs = {}
    for key, weights in hypergraph.graphs.items():
        old = sparse.diags_array((~is_new[key[0]]).astype(np.float32))
        graphs[key] = sparse.csr_array(old @ weights @ old)
        graphs[key].eliminate_zeros()
    return replace(hypergraph, hyperedges=lists, graphs=graphs)


def trained(hypergraph: Hypergraph, parameters: TrainingParameters = PARAMETERS) -> Fit:
    return fit(without(hypergraph, marks(hypergraph)), parameters, threads=1)


def folded(hypergraph: Hypergraph, run: Fit, parameters: TrainingParameters = PARAMETERS) -> Factors:
    return fold_in(hypergraph, run.factors, run.types, marks(hypergraph), parameters)[0]


def loss_of_the_new(hypergraph: Hypergraph, run: Fit, vectors: Factors) -> float:
    """−log p of every slot of the hyperedges that have a new member, by the scores that predictions use."""
    is_new, total = marks(hypergraph), 0.0
    for label, edges in hypergraph.hyperedges.items():
        touched = [is_new[modality][edges.members_EK[:, k]] for k, modality in enumerate(edges.modalities)]
        members = edges.members_EK[np.any(touched, axis=0)]
        for position in range(len(edges.modalities)):
            scores = torch.from_numpy(run.types[label].slot_scores(vectors, members, position)).double()
            total += float(torch.nn.functional.cross_entropy(scores, torch.from_numpy(members[:, position]), reduction="sum"))
    return total


@pytest.mark.parametrize("presence", [True, False])
def test_nobody_elses_vector_moves_and_the_new_ones_learn(presence: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    hypergraph = coupled(num=60, presence=presence)
    run, is_new = trained(hypergraph), marks(hypergraph)
    before = {label: factor.copy() for label, factor in run.factors.items()}
    after = folded(hypergraph, run)
    monkeypatch.setattr(module, "_PASSES", 0)
    start = folded(hypergraph, run)
    for label, new in is_new.items():
        np.testing.assert_array_equal(after[label][~new], before[label][~new])
        np.testing.assert_array_equal(run.factors[label], before[label])
        assert np.isfinite(after[label]).all()
        assert after[label].any(axis=1).all()
        assert not np.isclose(after[label][new], start[label][new]).all(axis=1).any()
    if presence:
        assert loss_of_the_new(hypergraph, run, after) < loss_of_the_new(hypergraph, run, start)


def test_the_first_pass_asks_what_predictions_score() -> None:
    """With biases as they are when it starts, its loss is that of the model that predicts."""
    hypergraph = coupled(num=60, presence=True)
    run, seen = trained(hypergraph), []
    backward = torch.autograd.backward

    def note(loss: torch.Tensor) -> None:
        seen.append(loss.item())
        backward(loss)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.autograd, "backward", note)
        patch.setattr(torch.optim.Adagrad, "step", lambda self: None)
        patch.setattr(module, "_PASSES", 1)
        start = folded(hypergraph, run)
    start["Cat"][3] = 0  # without neighbours it starts at zero, and ends at the mean only if it stays there
    types = {}
    for label, learned in run.types.items():
        edges = hypergraph.hyperedges[label]
        biases = []
        for position, (modality, bias) in enumerate(zip(learned.modalities, learned.biases, strict=True)):
            counts = np.bincount(edges.members_EK[:, position], minlength=len(bias))
            popular = np.log((counts + 1) / (counts.sum() + len(bias)))
            biases.append(np.where(marks(hypergraph)[modality], popular, bias).astype(np.float32))
        types[label] = replace(learned, biases=tuple(biases))
    weights = {kind.label: kind.weight for kind in hypergraph.dataset.hyperedge_types}
    expected = sum(
        weights[label] * loss_of_the_new(replace(hypergraph, hyperedges={label: edges}), replace(run, types=types), start)
        for label, edges in hypergraph.hyperedges.items()
    )
    assert sum(seen) == pytest.approx(expected, rel=1e-4)


def test_who_has_only_neighbours_starts_among_them_and_who_has_nothing_is_like_the_mean() -> None:
    hypergraph = coupled(num=60, presence=True)
    run = trained(hypergraph)
    untied = without(hypergraph, marks(hypergraph))
    after, _ = fold_in(replace(untied, graphs=hypergraph.graphs), run.factors, run.types, marks(hypergraph), PARAMETERS)
    (ants,) = (weights for key, weights in hypergraph.graphs.items() if key[0] == "Ant")
    known = ants.toarray()[2] * ~marks(hypergraph)["Ant"]
    mean = known @ run.factors["Ant"] / known.sum()
    # By as much per component as neighbours tell of those that are known: the same for every new entity.
    ratios = after["Ant"][2] / mean
    known = ants.toarray()[7] * ~marks(hypergraph)["Ant"]
    np.testing.assert_allclose(ratios, after["Ant"][7] / (known @ run.factors["Ant"] / known.sum()), rtol=1e-3)
    cats = run.factors["Cat"][~marks(hypergraph)["Cat"]].mean(axis=0)
    cosine = after["Cat"][3] @ cats / np.linalg.norm(after["Cat"][3]) / np.linalg.norm(cats)
    assert cosine > 0.99


def test_the_number_of_threads_changes_nothing() -> None:
    hypergraph = coupled(num=60, presence=True)
    run, before = trained(hypergraph), torch.get_num_threads()
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(folded(hypergraph, run))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    for label, vectors in found[0].items():
        np.testing.assert_array_equal(vectors, found[1][label])
