// Removes the vectors of a run that is served no more; nothing is removed once the lease is another's. The lock keeps the lease
// until each inner transaction is committed.
MATCH (entity:`Modality`)
WHERE entity.`embedding` IS NOT NULL
CALL (entity) {
  MATCH (lease:WriteLease {dataset: $dataset})
  SET lease.locked = true
  WITH entity, lease
  WHERE lease.token = $token AND lease.expires IS NOT NULL
  REMOVE entity.`embedding`
} IN TRANSACTIONS OF 10000 ROWS
