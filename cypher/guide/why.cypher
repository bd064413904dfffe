// Why two entities are near: the five members that they share which join fewest others, with hyperedges that say so.
MATCH (one:`Modality` {`oneKey`: $one})
MATCH (other:`Modality` {`otherKey`: $other})
WITH one, other, COLLECT {
  MATCH (other)<-[:MEMBER]-(:Hyperedge)
        -[:MEMBER]->(theirs:Entity)
  WHERE theirs <> other
  RETURN DISTINCT theirs
} AS theirs
MATCH (one)<-[:MEMBER]-(:Hyperedge)
      -[:MEMBER]->(shared:Entity)
WHERE shared <> one AND shared IN theirs
WITH DISTINCT one, other, shared
ORDER BY COUNT { (shared)<-[:MEMBER]-() },
         shared.id LIMIT 5
CALL (one, other, shared) {
  MATCH path = (one)<-[:MEMBER]-(:Hyperedge)
    -[:MEMBER]->(shared)<-[:MEMBER]-(:Hyperedge)
    -[:MEMBER]->(other)
  RETURN path LIMIT 3
}
RETURN path
