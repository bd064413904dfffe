// One page, a list per column: all hyperedges of the entities between two ids, which are members at one position.
MATCH (entity:`Modality`)
USING INDEX entity:`Modality`(id)
WHERE $first <= entity.id <= $last
MATCH (entity)<-[:MEMBER {position: $position}]-(hyperedge:`HyperedgeType`)
// each member
MATCH (hyperedge)-[:MEMBER {position: 0}]->(member0)
// end
RETURN collect(hyperedge.value) AS value, collect([property IN $properties | hyperedge[property]]) AS content
// each member
  , collect(member0.id) AS member0
// end
