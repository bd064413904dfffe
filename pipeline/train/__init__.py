"""Stage: a snapshot directory into an embeddings directory; knows no database."""
