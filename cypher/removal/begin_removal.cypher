// From here on nothing of the data set is served, and nobody takes it for complete. The lease goes last.
MATCH (dataset:Dataset {name: $dataset})
SET dataset.counts = null, dataset.fingerprint = null, dataset.state = null, dataset.copiedRun = null
WITH dataset
OPTIONAL MATCH (dataset)-[:HAS_RUN]->(run:EmbeddingRun)
OPTIONAL MATCH (run)-[:HAS_VECTORS|LEARNED]->(part:RunVectors|LearnedPosition)
DETACH DELETE run, part
