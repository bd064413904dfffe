MATCH (entity:`Modality` {id: $id})
RETURN entity.id AS id, coalesce(entity.name, entity.id) AS name, [property IN $properties | entity[property]] AS properties
