// The run that is served, if it has that key.
MATCH (:Dataset {name: $dataset})-[:HAS_RUN]->(run:EmbeddingRun {status: 'published', key: $key})
WHERE run.slot IS NOT NULL
RETURN run.id AS id, run.slot AS slot
