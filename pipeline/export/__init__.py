"""Stage: Neo4j into a snapshot directory."""
