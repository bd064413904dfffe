UNWIND $batch.rows AS row
MATCH (entity:`Modality` {id: row.id})
CALL db.create.setNodeVectorProperty(entity, $property, row.vector)
