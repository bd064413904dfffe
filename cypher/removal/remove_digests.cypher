// Digests of all tables, a table at a time: before the first row goes, since they would no longer be true.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(table:IngestedTable)
CALL (table) {
  MATCH (lease:WriteLease {dataset: $dataset})
  SET lease.locked = true
  WITH table, lease
  WHERE lease.token = $token AND lease.expires IS NOT NULL
  OPTIONAL MATCH (table)-[:HAS_PART]->(part:IngestedPart)
  DETACH DELETE table, part
} IN TRANSACTIONS OF 1 ROW
