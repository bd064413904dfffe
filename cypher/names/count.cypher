// How many entities have a vector in a property.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NOT NULL
RETURN count(entity) AS entities
