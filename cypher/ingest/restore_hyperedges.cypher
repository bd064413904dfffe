// Of a table that was read back: the members of a hyperedge are those of its id; where somebody has taken one away it comes back.
UNWIND $batch.rows AS row
MATCH (hyperedge:`HyperedgeType` {id: row.id})
SET hyperedge.value = row.value, hyperedge.time = row.time, hyperedge.ingest = $ingest
WITH row, hyperedge
// each member
MATCH (member0:`Member0` {id: row.members[0]})
// end
// each member
MERGE (hyperedge)-[:MEMBER {position: 0}]->(member0)
// end
