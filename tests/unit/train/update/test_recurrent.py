from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from pipeline.domain.training_parameters import TrainingParameters
from pipeline.errors import TrainingDivergedError
from pipeline.train.fit import fit
from pipeline.train.kernels.compiled import CompiledKernels
from pipeline.train.problem.layout import Layout
from pipeline.train.problem.problem import build_problem
from pipeline.train.sharing.threads import Threads
from pipeline.train.update.diffusion import Diffusion, chebyshev
from pipeline.train.update.modality_problem import modality_problem
from pipeline.train.update.recurrent import RecurrentUpdate
from tests.unit.train.hypergraphs import coupled, dense_laplacian, dense_loss, random_graph, random_matrices

KERNELS = CompiledKernels()
SMALL = TrainingParameters(
    update="recurrent", embedding_dim=4, rounds=8, start="svd", patience=50, hidden_dim=6, diffusion_steps=3, learning_rate=3e-3
)


def test_chebyshev_terms_are_cosines_of_the_spectrum() -> None:
    """T_j(cos φ) = cos jφ, on the eigenvalues of L − I."""
    laplacian = dense_laplacian(random_graph(12, 0.4, np.random.default_rng(1)))
    values, vectors = np.linalg.eigh(laplacian - np.eye(12))
    dense = np.random.default_rng(2).normal(size=(12, 3)).astype(np.float32)
    shifted = KERNELS.sparse(sparse.csr_array(laplacian - np.eye(12)))
    for power, term in enumerate(chebyshev(shifted, torch.from_numpy(dense), 4)):
        expected = vectors @ np.diag(np.cos(power * np.arccos(values.clip(-1, 1)))) @ vectors.T @ dense
        np.testing.assert_allclose(term.numpy(), expected, atol=1e-5)


def test_the_gradient_of_a_convolution_is_that_of_dense_products() -> None:
    laplacian = torch.from_numpy(dense_laplacian(random_graph(8, 0.5, np.random.default_rng(1))) - np.eye(8)).float()
    start, weights = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)), torch.arange(1.0, 4.0)
    sparsely, densely = start.clone().requires_grad_(), start.clone().requires_grad_()
    terms = chebyshev(KERNELS.sparse(sparse.csr_array(laplacian.numpy())), sparsely, 2)
    image = laplacian @ densely
    for found in (
        sum((t.tanh() * weights).sum() for t in terms),
        sum((t.tanh() * weights).sum() for t in (densely, image, 2 * laplacian @ image - densely)),
    ):
        found.backward()  # type: ignore[union-attr, no-untyped-call]
    assert sparsely.grad is not None
    assert densely.grad is not None
    torch.testing.assert_close(sparsely.grad, densely.grad)


def test_a_network_begins_as_the_identity_and_its_weights_are_those_of_its_seed() -> None:
    first, again, other = (Diffusion(None, 4, 6, 4, 3) for _ in range(3))
    for network, seed in ((first, 1), (again, 1), (other, 2)):
        network.draw(seed)
    matrix = torch.randn(5, 4)
    assert torch.equal(first(matrix), matrix)
    assert torch.equal(first.convolution.weight, again.convolution.weight)
    assert not torch.equal(first.convolution.weight, other.convolution.weight)


@pytest.mark.parametrize("label", ["Bee", "Cat"])
def test_a_round_is_adam_on_the_dense_loss(threads: Threads, label: str) -> None:
    """The same network, trained by torch's own autograd on the objective over all cells, puts forward the same step."""
    parameters = replace(SMALL, network_steps=3)
    problem = build_problem(coupled(4), parameters)
    layout = Layout(problem, 4)
    matrices = {name: torch.from_numpy(matrix) for name, matrix in random_matrices(problem, 4).items()}
    own = {label: modality_problem(problem, label, layout, KERNELS)}
    update = RecurrentUpdate(problem, own, matrices, parameters, threads)
    with torch.inference_mode(mode=False):
        normal = {name: matrix.clone() for name, matrix in matrices.items()}
        network = Diffusion(update._own[label]._network._shifted, layout.widths[label], 6, 4, 3)
        network.load_state_dict(update._own[label]._network.state_dict())
        adam = torch.optim.Adam(network.parameters(), lr=parameters.learning_rate)
        for _ in range(3):
            adam.zero_grad()
            made = network(normal[label])
            dense_loss(problem, {n: (made if n == label else m).double() for n, m in normal.items()}).backward()  # type: ignore[no-untyped-call]
            adam.step()
        expected = (network(normal[label]) - normal[label]).detach().numpy()
    found = update.propose(matrices, {}, 1).steps[label].numpy()
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads() -> None:
    first, again, other = (fit(coupled(2), replace(SMALL, seed=seed), threads=n).factors for seed, n in ((5, 1), (5, 3), (6, 1)))
    assert all(np.array_equal(factor, again[label]) for label, factor in first.items())
    assert not np.array_equal(first["Ant"], other["Ant"])


def test_an_objective_without_bound_is_named() -> None:
    with pytest.raises(TrainingDivergedError, match=r"rose from .* in round"):
        fit(coupled(3), replace(SMALL, rounds=40, learning_rate=10.0))
