// The index gives candidates, roughly nearest; the exact similarity puts them in order. It is (1 + cosine) / 2.
MATCH (source:`Modality` {id: $id})
CALL db.index.vector.queryNodes($index, $candidates, source.`embedding`) YIELD node AS neighbour
WITH source, neighbour
WHERE neighbour <> source
WITH neighbour, vector.similarity.cosine(source.`embedding`, neighbour.`embedding`) AS score
ORDER BY score DESC, neighbour.id
LIMIT $k
RETURN neighbour.id AS id, coalesce(neighbour.name, neighbour.id) AS name, score, [property IN $properties | neighbour[property]] AS properties
