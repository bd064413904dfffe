"""Stage: a data set out of Neo4j."""
