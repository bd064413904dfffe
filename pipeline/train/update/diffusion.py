"""The network of the recurrent update: graph convolutions and an LSTM that diffuse a modality's matrix over its graph.

    A_0 = A,  H_t = Σ_{j=0}^{q} T_j(L̂) A_t Θ_j + θ,  (h_t, c_t) = LSTM(H_t, h_{t-1}, c_{t-1}),  A_{t+1} = A_t + tanh(h_t) Φ + φ

for t = 0 … T−1: T_j is the j-th Chebyshev polynomial (Defferrard et al. 2016, section 2.1), L̂ = L − I the normalised Laplacian
with its eigenvalues moved into [−1, 1]. This is the separable multi-graph network of Monti et al. (2017, section 4.2), one per
modality, as HyperLearn has it. Φ and φ begin at zero, so that the network begins as the identity; the other weights as torch
draws them. Shapes: N entities, D columns of the modality's matrix, F features.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.train.kernels.sparse_matrix import SparseMatrix


class _Product(torch.autograd.Function):
    """A symmetric sparse matrix times a dense one; so is its derivative."""

    @staticmethod
    def forward(ctx: Any, matrix: SparseMatrix, dense_ND: Tensor) -> Tensor:  # noqa: ANN401 - as torch has it
        ctx.matrix = matrix
        return matrix @ dense_ND

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:  # noqa: ANN401
        return None, ctx.matrix @ gradients[0].contiguous()


def chebyshev(shifted: SparseMatrix, dense_ND: Tensor, order: int) -> list[Tensor]:
    """Give T_0(L̂) A … T_q(L̂) A by the recurrence T_j = 2 L̂ T_{j-1} − T_{j-2}."""
    terms = [dense_ND]
    for power in range(1, order + 1):
        image_ND: Tensor = _Product.apply(shifted, terms[-1])
        terms.append(image_ND if power == 1 else 2 * image_ND - terms[-2])
    return terms


class Diffusion(nn.Module):
    """One modality's network.

    Parameters
    ----------
    shifted
        L̂, or None where the modality has no graph: the convolution is then by T_0 alone.
    width
        D.
    hidden_dim
        F, of the convolution and of the LSTM.
    order
        q.
    steps
        T.
    """

    def __init__(self, shifted: SparseMatrix | None, width: int, hidden_dim: int, order: int, steps: int) -> None:
        super().__init__()
        self._shifted = shifted
        self._order = 0 if shifted is None else order
        self._steps = steps
        self.convolution = nn.Linear((self._order + 1) * width, hidden_dim)
        self.lstm = nn.LSTMCell(hidden_dim, hidden_dim)
        self.output = nn.Linear(hidden_dim, width)

    def draw(self, seed: int) -> None:
        """Draw the weights anew from a seed, whatever torch's own generator holds."""
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weights in (*self.convolution.parameters(), *self.lstm.parameters()):
                bound = math.sqrt(1 / self.lstm.hidden_size)
                if weights is self.convolution.weight:
                    bound = math.sqrt(6 / sum(weights.shape))
                weights.copy_(torch.empty(weights.shape).uniform_(-bound, bound, generator=generator))
            self.output.weight.zero_()
            self.output.bias.zero_()

    def forward(self, matrix_ND: Tensor) -> Tensor:
        """Diffuse: A to A_T."""
        state = None
        for _ in range(self._steps):
            terms = [matrix_ND] if self._shifted is None else chebyshev(self._shifted, matrix_ND, self._order)
            state = self.lstm(self.convolution(torch.cat(terms, 1)), state)
            matrix_ND = matrix_ND + self.output(torch.tanh(state[0]))
        return matrix_ND
