// Some hyperedges of a type with all their members.
MATCH (hyperedge:`HyperedgeType`)
WITH hyperedge LIMIT 10
MATCH path = (hyperedge)-[:MEMBER]->(:Entity)
RETURN path
