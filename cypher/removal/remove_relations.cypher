// Removes all relations of an intra-modal graph, as hyperedges and entities are removed.
MATCH (:`Modality`)-[relation:`RELATION_TYPE`]->(:`Modality`)
WHERE relation.ingest IS NOT NULL
CALL (relation) {
  MATCH (lease:WriteLease {dataset: $dataset})
  SET lease.locked = true
  WITH relation, lease
  WHERE lease.token = $token AND lease.expires IS NOT NULL
  DELETE relation
} IN TRANSACTIONS OF 20000 ROWS
