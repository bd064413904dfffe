// One small transaction: readers ask for the published run, and find either the former one or this one, whole.
MATCH (run:EmbeddingRun {id: $id})
OPTIONAL MATCH (former:EmbeddingRun {dataset: run.dataset, status: 'published'})
WHERE former <> run
SET former.status = 'superseded'
WITH DISTINCT run
SET run.status = 'published', run.publishedAt = datetime(), run.numEntities = $numEntities
