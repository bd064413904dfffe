UNWIND $batch.rows AS row
MATCH (entity:`Modality` {id: row.id})
SET entity.`biases` = row.biases
WITH entity, row
CALL db.create.setNodeVectorProperty(entity, $property, row.vector)
