MATCH (entity:`Modality` {name: $name})
RETURN entity.id AS id, entity.name AS name, [property IN $properties | entity[property]] AS properties
ORDER BY id
