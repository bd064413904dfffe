// One page, a list per column: the entities that come after an id, in the order of ids, which the index has.
MATCH (entity:`Modality`)
WHERE entity.id > $after
WITH entity
ORDER BY entity.id
LIMIT $size
RETURN collect(entity.id) AS id, collect(coalesce(entity.name, entity.id)) AS name,
       collect([property IN $properties | entity[property]]) AS content
