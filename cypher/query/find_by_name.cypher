MATCH (entity:`Modality` {name: $name})
RETURN entity.id AS id, coalesce(entity.name, entity.id) AS name, [property IN $properties | entity[property]] AS properties
ORDER BY id
