"""Data sets that a TOML file describes."""
