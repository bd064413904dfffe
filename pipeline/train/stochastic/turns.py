"""How a round's batches are made and taken: by one process one after the other, by several workers in turn.

Pure counts, the same on every worker and in a plan. Batches that workers take at once start from the same model, so what they tell
together is what one larger batch would tell. So the more workers there are, the smaller are the batches of a type with few
hyperedges.
"""

_FEWEST = 32
"""A type has at least so many batches a round for each worker: a round of one step learns next to nothing."""
_MERGES = 4
"""How often in a round workers make one model of what they have moved, for each of them."""


def num_batches(num_hyperedges: int, batch_size: int, num_workers: int) -> int:
    """How many batches of a type a round has: of ``batch_size`` hyperedges at most, and one at least."""
    return max(-(-num_hyperedges // batch_size), min(_FEWEST * num_workers, num_hyperedges))


def num_merges(num_batches: int, num_workers: int) -> int:
    """How often workers merge in a round: each has a batch to take before."""
    return max(1, min(_MERGES * num_workers, num_batches // num_workers))
