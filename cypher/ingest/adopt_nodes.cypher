// Makes nodes of the user's own entities, or brings what was copied of them up to date. One that has gone, or got another key, since
// it was read stays as it is: its count tells the next ingest.
UNWIND $batch.rows AS row
MATCH (entity:`Existing`)
WHERE elementId(entity) = row.element AND toStringOrNull(entity.`existingKey`) = row.id
SET entity:Entity:`Modality`, entity += row.properties, entity.ingest = $ingest
