MATCH (entity:`Modality` {id: $id})
RETURN entity.id AS id, entity.name AS name, [property IN $properties | entity[property]] AS properties
