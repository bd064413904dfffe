// What the vector index gives for some entities of a modality, themselves among it.
UNWIND $ids AS id
MATCH (entity:`Modality` {id: id})
CALL db.index.vector.queryNodes($index, $candidates, entity.`embedding`) YIELD node AS neighbour
RETURN id, collect(neighbour.id) AS neighbours
