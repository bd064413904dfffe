// Who stands at a position of the hyperedges that are there and hold all that is given.
MATCH (:`Modality` {id: $id})<-[:MEMBER {position: $position}]-(hyperedge:`HyperedgeType`)
WHERE all(other IN $others WHERE EXISTS { (hyperedge)-[:MEMBER {position: other.position}]->({id: other.id}) })
MATCH (hyperedge)-[:MEMBER {position: $asked}]->(member)
RETURN DISTINCT member.id AS id
