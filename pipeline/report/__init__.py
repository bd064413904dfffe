"""Stage: what was done and how good it is, for people."""
