// The runs of a data set, newest first.
MATCH (run:EmbeddingRun {dataset: $dataset})
RETURN run.id AS id, run.status AS status, run.slot AS slot, run.embeddingDim AS embeddingDim, run.numEntities AS numEntities,
       toString(run.startedAt) AS startedAt, toString(run.publishedAt) AS publishedAt,
       run.publishedAt.epochMillis AS publishedMs, run.report AS report, run.key AS key,
       coalesce(run.numFoldedIn, 0) AS numFoldedIn, coalesce(run.rolledBack, false) AS rolledBack
ORDER BY run.startedAt DESC, id DESC
