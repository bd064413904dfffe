MATCH (hyperedge:`HyperedgeType`)
RETURN hyperedge.id AS id, hyperedge.value AS value, hyperedge.time AS time, COUNT { (hyperedge)-[:MEMBER]->() } AS arity
