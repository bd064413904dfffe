"""Sparse tensors: hyperedges unfolded, rows of Khatri-Rao products, the objective along a line."""
