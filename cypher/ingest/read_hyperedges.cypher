MATCH (hyperedge:`HyperedgeType`)
RETURN hyperedge.id AS id, hyperedge.value AS value
