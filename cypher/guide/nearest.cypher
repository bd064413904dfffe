// The entities of a modality nearest to one of them, by the run that is served.
MATCH (entity:`Modality` {`key`: $who})
MATCH (served:ServedVectors {label: $label})
CALL db.index.vector.queryNodes(
  served.index, 200, entity[served.property])
YIELD node, score
WHERE node <> entity
RETURN coalesce(node.name, node.id) AS name, score
ORDER BY score DESC LIMIT 10
