MATCH (entity:`Modality`)
RETURN DISTINCT entity.name AS name
