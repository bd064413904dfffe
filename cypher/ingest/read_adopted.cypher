MATCH (entity:`Modality`)
RETURN entity.id AS id, elementId(entity) AS element, entity.name AS name
