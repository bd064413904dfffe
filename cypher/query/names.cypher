MATCH (entity:`Modality`)
WHERE entity.name IS NOT NULL
RETURN DISTINCT entity.name AS name
