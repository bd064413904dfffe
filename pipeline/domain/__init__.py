"""Nouns that the stages share."""
