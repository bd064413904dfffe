// The data sets of this database, each with the run that is served.
MATCH (dataset:Dataset)
WHERE dataset.description IS NOT NULL
OPTIONAL MATCH (dataset)-[:HAS_RUN]->(run:EmbeddingRun {status: 'published'})
RETURN dataset.name AS name, dataset.description AS description,
       run.id AS run, run.slot AS slot, run.embeddingDim AS embeddingDim, toString(run.publishedAt) AS publishedAt
ORDER BY name
