"""Stage: answers from the vectors in Neo4j."""
