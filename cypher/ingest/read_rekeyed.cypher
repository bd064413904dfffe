// Adopted nodes whose key is not what it was when they became entities.
MATCH (entity:`Modality`)
WHERE entity.id <> coalesce(toStringOrNull(entity.`existingKey`), '')
RETURN entity.id AS id
