// How many entities have no vector. Whether there is one is told without reading it, in a twentieth of the time.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NULL
RETURN count(entity) AS missing
