// Removes entities or hyperedges with all that hangs on them.
UNWIND $batch.rows AS id
MATCH (node:`Label` {id: id})
DETACH DELETE node
