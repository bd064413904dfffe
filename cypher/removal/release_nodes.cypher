// Adopted nodes are entities no more, and have what they had before; as entities of ours are removed.
MATCH (node:`Modality`&Entity)
CALL (node) {
  MATCH (lease:WriteLease {dataset: $dataset})
  SET lease.locked = true
  WITH node, lease
  WHERE lease.token = $token AND lease.expires IS NOT NULL
  REMOVE node:Entity:`Modality`
  SET node += $gone
} IN TRANSACTIONS OF 5000 ROWS
