// All hyperedges of a type that has few, a list per column: found by the type, since by entities all that they are members of would be
// looked at once for each type.
MATCH (hyperedge:`HyperedgeType`)
// each member
MATCH (hyperedge)-[:MEMBER {position: 0}]->(member0)
// end
RETURN collect(hyperedge.value) AS value, collect([property IN $properties | hyperedge[property]]) AS content
// each member
  , collect(member0.id) AS member0
// end
