// Relations are undirected: each is stored once, from the smaller id to the greater.
UNWIND $batch.rows AS row
MATCH (source:`Modality` {id: row.source})
MATCH (target:`Modality` {id: row.target})
CREATE (source)-[:`RELATION_TYPE` {weight: row.weight, ingest: $ingest}]->(target)
