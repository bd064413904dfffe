// Removes entities or hyperedges with all that hangs on them.
UNWIND $rows AS id
MATCH (node:`Label` {id: id})
DETACH DELETE node
