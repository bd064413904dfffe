"""The stochastic update: hyperedges in small batches, each slot against candidates, any loss per hyperedge type."""
