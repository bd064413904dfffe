// A hyperedge and its members come in one transaction: where the node is, all its members are.
UNWIND $batch.rows AS row
// each member
MATCH (member0:`Member0` {id: row.members[0]})
// end
CREATE (hyperedge:Hyperedge:`HyperedgeType` {id: row.id, value: row.value, time: row.time, ingest: $ingest})
// each member
CREATE (hyperedge)-[:MEMBER {position: 0}]->(member0)
// end
