// Makes nodes of the user's own entities, or brings what was copied of them up to date. One that has gone, got another key, or was
// adopted by another data set since it was read stays as it is: the count tells the next ingest.
UNWIND $batch.rows AS row
MATCH (entity:`Existing`)
WHERE elementId(entity) = row.element AND toStringOrNull(entity.`existingKey`) = row.id
  AND (entity:`Modality` OR NOT entity:Entity)
SET entity:Entity:`Modality`, entity += row.properties, entity.ingest = $ingest
