MATCH (entity:`Modality` {id: $id})
WHERE entity.`embedding` IS NOT NULL
RETURN entity.`embedding` AS vector
