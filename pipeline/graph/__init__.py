"""Neo4j: the only code that imports its driver."""
