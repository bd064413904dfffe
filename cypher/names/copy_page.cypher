// One page of entities, in the order of ids, gets what the served run has of each, and loses what it has not; only what differs is
// written.
MATCH (entity:`Modality`)
WHERE entity.id > $after
WITH entity
ORDER BY entity.id
LIMIT $size
WITH collect(entity) AS page
CALL (page) {
  UNWIND page AS entity
  WITH entity
  WHERE (entity.embedding IS NULL) <> (entity.`served` IS NULL) OR entity.embedding <> entity.`served`
  SET entity.embedding = entity.`served`
  RETURN count(entity) AS changed
}
RETURN size(page) AS read, changed, page[-1].id AS last
