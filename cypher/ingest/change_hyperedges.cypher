// The members of a hyperedge are those of its id: only the rest can change.
UNWIND $batch.rows AS row
MATCH (hyperedge:`HyperedgeType` {id: row.id})
SET hyperedge.value = row.value, hyperedge.time = row.time, hyperedge.ingest = $ingest
