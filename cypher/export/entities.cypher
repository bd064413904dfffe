MATCH (entity:`Modality`)
RETURN entity.id AS id, entity.name AS name
