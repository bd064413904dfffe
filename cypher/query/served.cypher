// The published run of each data set.
MATCH (dataset:Dataset)-[:HAS_RUN]->(run:EmbeddingRun {status: 'published'})
WHERE run.slot IS NOT NULL
RETURN dataset.name AS name, run.id AS run, run.slot AS slot, run.embeddingDim AS embeddingDim,
       toString(run.publishedAt) AS publishedAt, run.report AS report,
       [(run)-[:HAS_VECTORS]->(vectors:RunVectors) WHERE vectors.recall IS NOT NULL | [vectors.label, vectors.recall]] AS recall
