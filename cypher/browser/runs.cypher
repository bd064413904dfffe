// What was trained and when, and which run is served.
MATCH (dataset:Dataset)-[:HAS_RUN]->(run:EmbeddingRun)
RETURN dataset.name AS dataset, run.id AS run, run.status AS status, run.embeddingDim AS dimensions,
       run.startedAt AS started, run.publishedAt AS published
ORDER BY started DESC
