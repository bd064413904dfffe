// The vector of a member that is given, and what the position adds to it.
MATCH (entity:`Modality` {id: $id})
WHERE entity.`embedding` IS NOT NULL
RETURN entity.`embedding` AS vector, entity.`biases`[$bias] AS bias
