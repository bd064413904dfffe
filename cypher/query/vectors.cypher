// One page, a list per column: the entities that come after an id and have a vector, in the order of ids, which the index has; with
// what the positions add to them, which runs of early versions lack.
MATCH (entity:`Modality`)
WHERE entity.id > $after AND entity.`embedding` IS NOT NULL
WITH entity
ORDER BY entity.id
LIMIT $size
RETURN collect(entity.id) AS id, collect(coalesce(entity.name, entity.id)) AS name, collect(entity.`embedding`) AS vector,
       collect(coalesce(entity.`biases`, [])) AS biases
