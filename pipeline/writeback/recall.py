"""How many of an entity's true nearest the vector index finds: it searches approximately, and some data leads it astray.

Shapes: N entities of a modality, Q of them asked about, R length of a vector.
"""

import numpy as np

from pipeline.domain.embeddings import Embeddings
from pipeline.graph.client import GraphClient
from pipeline.graph.slots import CANDIDATES, Slot, vector_identifiers, vector_index
from pipeline.graph.statement import load

NEAREST = 10
"""How many of the nearest are looked for."""
ASKED = 50
"""Entities of a modality that are asked about, at most."""
_TIE = 1e-6
"""Whoever is as near as the last but for rounding counts as well."""
_BLOCK = 2**22
"""Scores of the full comparison that are in memory at once."""


def index_recall(client: GraphClient, embeddings: Embeddings, label: str, slot: Slot) -> float | None:
    """Recall@10: the part of the ten nearest that are among the candidates of the index, which is asked as `similar` asks it.

    Parameters
    ----------
    client
        The database, with the vectors and their index.
    embeddings
        The vectors.
    label
        The modality. Entities drawn from it at random, the same for the same number of entities, are compared with all.
    slot
        Where the vectors lie.

    Returns
    -------
    float or None
        Mean over the entities asked about, 0 to 1; None where a modality has one entity, or the database none of those asked about.
    """
    ids, factor_NR = embeddings.ids[label], embeddings.factors[label]
    num_nearest = min(NEAREST, len(ids) - 1)
    if not num_nearest:
        return None
    asked = np.random.default_rng(0).permutation(len(ids))[:ASKED]
    rows = client.read(
        load("writeback/nearest_indexed").with_identifiers(**vector_identifiers(label, slot)),
        ids=[ids[row] for row in asked],
        index=vector_index(label, slot),
        candidates=CANDIDATES,
    )
    if not rows:
        return None
    row_of = {id_: row for row, id_ in enumerate(ids)}
    unit_NR = factor_NR / np.linalg.norm(factor_NR, axis=1, keepdims=True)
    found = 0
    per_block = max(1, _BLOCK // len(ids))
    for start in range(0, len(rows), per_block):
        block = rows[start : start + per_block]
        own_Q = [row_of[each["id"]] for each in block]
        score_QN = unit_NR[own_Q] @ unit_NR.T
        score_QN[np.arange(len(own_Q)), own_Q] = -np.inf
        last_Q = np.partition(score_QN, -num_nearest, axis=1)[:, -num_nearest]
        for each, score_N, last in zip(block, score_QN, last_Q, strict=True):
            # Of a run that is served again some entities may have come since: they are none of its neighbours.
            others = [row_of[id_] for id_ in each["neighbours"] if id_ in row_of]
            found += min(num_nearest, int((score_N[others] >= last - _TIE).sum()))
    return found / (num_nearest * len(rows))
