// The entities of a modality nearest to one of them, by the run that is served; less so where few hyperedges tell of one.
MATCH (entity:`Modality` {`key`: $who})
MATCH (served:ServedVectors {label: $label})
CALL db.index.vector.queryNodes(
  served.index, 200, entity[served.property])
YIELD node, score AS nearness
WHERE node <> entity
WITH node, 2 * nearness - 1 AS cosine,
     COUNT { (node)<-[:MEMBER]-() } + 1.0 AS known
RETURN coalesce(node.name, node.id) AS name,
       (1 + cosine * known / (known + 3)) / 2 AS score
ORDER BY score DESC LIMIT 10
