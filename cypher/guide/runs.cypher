// The runs of a data set: what was trained and when, and which one is served.
MATCH (:Dataset {name: $dataset})
  -[:HAS_RUN]->(run:EmbeddingRun)
RETURN run.id AS run, run.status AS status,
       run.embeddingDim AS dimensions,
       run.startedAt AS started,
       run.publishedAt AS published
ORDER BY started DESC
