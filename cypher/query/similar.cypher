// The index gives candidates, roughly nearest; the exact cosine, shrunk where few hyperedges tell of one, puts them in order.
MATCH (source:`Modality` {id: $id})
CALL db.index.vector.queryNodes($index, $candidates, source.`embedding`) YIELD node AS neighbour
WITH source, neighbour
WHERE neighbour <> source
WITH neighbour, 2 * vector.similarity.cosine(source.`embedding`, neighbour.`embedding`) - 1 AS cosine,
     COUNT { (neighbour)<-[:MEMBER]-() } + 1.0 AS known
WITH neighbour, (1 + cosine * known / (known + $doubt)) / 2 AS score
ORDER BY score DESC, neighbour.id
LIMIT $k
RETURN neighbour.id AS id, coalesce(neighbour.name, neighbour.id) AS name, score, [property IN $properties | neighbour[property]] AS properties
