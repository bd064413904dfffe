CREATE CONSTRAINT `entity_id` IF NOT EXISTS
FOR (entity:`Modality`) REQUIRE entity.id IS UNIQUE
