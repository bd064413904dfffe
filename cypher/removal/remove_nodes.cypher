// Removes all entities of a modality, or all hyperedges of a type; nothing is removed once the lease is another's. The lock keeps
// the lease until each inner transaction is committed.
MATCH (node:`Label`&`Kind`)
CALL (node) {
  MATCH (lease:WriteLease {dataset: $dataset})
  SET lease.locked = true
  WITH node, lease
  WHERE lease.token = $token AND lease.expires IS NOT NULL
  DETACH DELETE node
} IN TRANSACTIONS OF 5000 ROWS
