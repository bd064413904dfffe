// The entities of a modality that most hyperedges join, with their vectors.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NOT NULL
WITH entity, COUNT { (entity)<-[:MEMBER]-(:Hyperedge) } AS degree
ORDER BY degree DESC, entity.id
LIMIT $size
RETURN entity.id AS id, coalesce(entity.name, entity.id) AS name, entity.`embedding` AS vector
