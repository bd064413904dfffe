CREATE CONSTRAINT embedding_run_id IF NOT EXISTS
FOR (run:EmbeddingRun) REQUIRE run.id IS UNIQUE
