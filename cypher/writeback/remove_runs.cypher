// Records of old runs; one that still has a slot stays.
MATCH (run:EmbeddingRun {dataset: $dataset})
WHERE run.slot IS NULL AND NOT run.id IN $kept
DETACH DELETE run
