"""Hypergraphs with known factors."""
