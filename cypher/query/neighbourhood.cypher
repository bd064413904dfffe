// Whom hyperedges join with an entity, each with the number of those hyperedges and of all that join it.
MATCH (entity:`Modality` {id: $id})<-[:MEMBER]-(hyperedge:Hyperedge)-[:MEMBER]->(other:Entity)
WHERE other <> entity
WITH other, count(DISTINCT hyperedge) AS together
RETURN other.id AS id, coalesce(other.name, other.id) AS name, [label IN labels(other) WHERE label IN $labels][0] AS label,
       together, COUNT { (other)<-[:MEMBER]-(:Hyperedge) } AS degree
