// Removes the vectors of a run that is served no more.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NOT NULL
CALL (entity) {
  REMOVE entity.`embedding`
} IN TRANSACTIONS OF 10000 ROWS
