// One small transaction: readers ask for the published run, and find either the former one or this one, whole. Only a run that
// is being written and still has its slot is published.
MATCH (run:EmbeddingRun {id: $id, status: 'staging', slot: $slot})
OPTIONAL MATCH (former:EmbeddingRun {dataset: run.dataset, status: 'published'})
SET former.status = 'superseded'
WITH DISTINCT run
SET run.status = 'published', run.publishedAt = datetime(), run.numEntities = $numEntities
