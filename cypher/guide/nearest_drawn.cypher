// An entity, those nearest to it, and of what each of them shares with it, what fewest others have.
MATCH (entity:`Modality` {`key`: $who})
MATCH (served:ServedVectors {label: $label})
WITH entity, served, COLLECT {
  MATCH (entity)<-[:MEMBER]-(:Hyperedge)
        -[:MEMBER]->(its:Entity)
  WHERE its <> entity
  RETURN DISTINCT its
} AS its
CALL db.index.vector.queryNodes(
  served.index, 200, entity[served.property])
YIELD node AS near, score
WHERE near <> entity
WITH entity, its, near, 2 * score - 1 AS cosine,
     COUNT { (near)<-[:MEMBER]-() } + 1.0 AS known
WITH entity, its, near
ORDER BY cosine * known / (known + 3) DESC LIMIT 5
OPTIONAL CALL (entity, its, near) {
  MATCH (near)<-[:MEMBER]-(:Hyperedge)
        -[:MEMBER]->(shared:Entity)
  WHERE shared <> near AND shared IN its
  WITH DISTINCT entity, near, shared
  ORDER BY COUNT { (shared)<-[:MEMBER]-() },
           shared.id LIMIT 1
  MATCH path = (entity)<-[:MEMBER]-(:Hyperedge)
    -[:MEMBER]->(shared)<-[:MEMBER]-(:Hyperedge)
    -[:MEMBER]->(near)
  RETURN path LIMIT 1
}
RETURN entity, near, path
