"""Stage: an embeddings directory into Neo4j."""
