UNWIND $rows AS row
MATCH (hyperedge:`HyperedgeType` {id: row.id})
SET hyperedge.value = row.value
