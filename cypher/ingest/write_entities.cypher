// Makes entities, or sets name and properties of those that are there; a property of value null is removed.
UNWIND $batch.rows AS row
MERGE (entity:`Modality` {id: row.id})
SET entity:Entity, entity += row.properties, entity.ingest = $ingest
