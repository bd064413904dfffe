CREATE INDEX `entity_name` IF NOT EXISTS
FOR (entity:`Modality`) ON (entity.name)
