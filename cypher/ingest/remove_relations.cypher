UNWIND $batch.rows AS row
MATCH (:`Modality` {id: row.source})-[relation:`RELATION_TYPE`]->(:`Modality` {id: row.target})
DELETE relation
