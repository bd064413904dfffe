MATCH (entity:`Modality`)
RETURN entity.id AS id, [property IN $properties | entity[property]] AS content
