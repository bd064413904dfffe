// An index gives at most 10,000 neighbours: what it gives when asked for all is how many it holds, up to that number.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NOT NULL
WITH entity LIMIT 1
CALL db.index.vector.queryNodes($index, $limit, entity.`embedding`) YIELD node
RETURN count(node) AS indexed
