"""What trained vectors say of hyperedges: values of whole ones, scores of who could stand in a slot.

The score of a hyperedge is m + Σ_k b_k + Σ_d t_d (Π_k u_k − Π_k c_k − Σ_k (u_k − c_k) Π_{j≠k} c_j)_d with u_k = c_k + s_k(v_k):
the CP model of vectors that stand around a centre c, with a scale t per component, and without what hangs on no member or on one
alone, which mean and biases hold. s_k moves the components on where a modality stands in the type more than once, so that its
positions can be told apart. Least squares have c = 0, which is the CP model itself, t = 1, and offsets for biases. Shapes: N
entities, E hyperedges, Q of them with a slot that is asked for, K arity, D embedding_dim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.domain.training_parameters import LossName

Vectors = Mapping[str, npt.NDArray[np.float32]]
"""v (N × D) per modality label."""


@dataclass(frozen=True)
class TypeParameters:
    """What one hyperedge type adds to its members' vectors.

    Attributes
    ----------
    modalities
        Labels of the members' modalities, by position.
    loss
        What was minimised: scores are values, or logarithms of probabilities up to a constant per question.
    mean
        m.
    scale_D
        t.
    centres_KD
        c, by position.
    biases
        b (N) by position.
    shifts
        By how many places the components are moved on, by position.
    """

    modalities: tuple[str, ...]
    loss: LossName
    mean: float
    scale_D: npt.NDArray[np.float32]
    centres_KD: npt.NDArray[np.float32]
    biases: tuple[npt.NDArray[np.float32], ...]
    shifts: tuple[int, ...]

    def values(self, vectors: Vectors, members_EK: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Score whole hyperedges (E)."""
        centres_KD = self.centres_KD.astype(np.float64)
        product_ED, alone_ED = np.ones((len(members_EK), len(self.scale_D))), np.zeros((len(members_EK), len(self.scale_D)))
        for position, label in enumerate(self.modalities):
            moved_ED = np.roll(vectors[label][members_EK[:, position]], self.shifts[position], axis=1)
            product_ED *= centres_KD[position] + moved_ED
            alone_ED += moved_ED * np.delete(centres_KD, position, axis=0).prod(axis=0)
        values_E: npt.NDArray[np.float64] = (product_ED - centres_KD.prod(axis=0) - alone_ED) @ self.scale_D + self.mean
        for position, bias_N in enumerate(self.biases):
            values_E += bias_N[members_EK[:, position]]
        return values_E

    def slot_scores(self, vectors: Vectors, members_QK: npt.NDArray[np.int64], position: int) -> npt.NDArray[np.float32]:
        """Score every entity at a position, given the other members (Q × N).

        Parameters
        ----------
        vectors
            Of all modalities.
        members_QK
            Rows of the members; those at the position are not looked at.
        position
            Which one is asked.
        """
        others = {k: vectors[label][members_QK[:, k]] for k, label in enumerate(self.modalities) if k != position}
        given_Q = np.full(len(members_QK), self.mean, np.float32)
        for other in others:
            given_Q += self.biases[other][members_QK[:, other]]
        return self.scores_given(others, vectors[self.modalities[position]], position) + given_Q[:, None]

    def scores_given(
        self, others: Mapping[int, npt.NDArray[np.float32]], vectors_ND: npt.NDArray[np.float32], position: int
    ) -> npt.NDArray[np.float32]:
        """Score every entity at a position (Q × N), given vectors (Q × D) of the others; without mean and their biases."""
        scores_QN: npt.NDArray[np.float32] = self.context(others, position) @ vectors_ND.T + self.biases[position]
        return scores_QN

    def context(self, others: Mapping[int, npt.NDArray[np.float32]], position: int) -> npt.NDArray[np.float32]:
        """What the vectors at a position are multiplied with (Q × D), given vectors (Q × D) of the others."""
        product_QD = np.ones((1, len(self.scale_D)), np.float32)
        for other, vectors_QD in others.items():
            product_QD = product_QD * (self.centres_KD[other] + np.roll(vectors_QD, self.shifts[other], axis=1))
        context_QD = self.scale_D * (product_QD - self.centres_KD[list(others)].prod(axis=0))
        return np.roll(context_QD, -self.shifts[position], axis=1)

    def average(self, vectors_ND: npt.NDArray[np.float32], position: int) -> tuple[npt.NDArray[np.float64], float]:
        """Vector and bias of who stands at a position, on average.

        It stands for a member that nobody names, since scores are linear in each.

        Biases of a likelihood are logarithms of how often an entity stands there; values say nothing of that.
        """
        bias_N = self.biases[position].astype(np.float64)
        often_N = np.exp(bias_N - bias_N.max()) if self.loss == "likelihood" else np.ones(len(bias_N))
        often_N /= often_N.sum()
        return often_N @ vectors_ND, float(often_N @ bias_N)

    def without_context(self, others: Mapping[int, npt.NDArray[np.float32]], position: int) -> npt.NDArray[np.float64]:
        """What scores have besides, but for biases (Q), given vectors (Q × D) of the others: the same for all at the position."""
        centres_KD = self.centres_KD.astype(np.float64)
        product_QD, alone_QD = centres_KD[position][None], np.zeros((1, len(self.scale_D)))
        for other, vectors_QD in others.items():
            moved_QD = np.roll(vectors_QD, self.shifts[other], axis=1)
            product_QD = product_QD * (centres_KD[other] + moved_QD)
            alone_QD = alone_QD + moved_QD * np.delete(centres_KD, other, axis=0).prod(axis=0)
        values_Q: npt.NDArray[np.float64] = (product_QD - centres_KD.prod(axis=0) - alone_QD) @ self.scale_D + self.mean
        return values_Q


def shifts_of(modalities: Sequence[str], embedding_dim: int) -> tuple[int, ...]:
    """Spread the positions of one modality evenly over the components; a modality that stands once is not moved.

    HSimplE (Fatemi et al. 2020): with one vector per entity, a product of vectors does not know who stands where.
    """
    return tuple(modalities[:k].count(label) * embedding_dim // modalities.count(label) for k, label in enumerate(modalities))
