// One record per entity at the first position, with all its hyperedges: a few large records are read sooner than many small ones.
MATCH (first:`Member0`)
RETURN COLLECT {
  MATCH (first)<-[:MEMBER {position: 0}]-(hyperedge:`HyperedgeType`)
  // each member
  MATCH (hyperedge)-[:MEMBER {position: 0}]->(member0)
  // end
  RETURN [hyperedge.value
  // each member
    , member0.id
  // end
  ]
} AS hyperedges
