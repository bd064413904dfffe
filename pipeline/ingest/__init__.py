"""Stage: records into Neo4j."""
