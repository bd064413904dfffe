"""MovieLens 100K."""
