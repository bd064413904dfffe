DROP INDEX `vector_index` IF EXISTS
