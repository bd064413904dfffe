// The runs of a data set, newest first.
MATCH (run:EmbeddingRun {dataset: $dataset})
RETURN run.id AS id, run.status AS status, run.slot AS slot
ORDER BY run.startedAt DESC
