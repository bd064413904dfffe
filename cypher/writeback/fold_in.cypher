// What the run that is served says of itself once new entities have been folded in; its key stays where it is not to count as up to
// date.
MATCH (run:EmbeddingRun {id: $id, dataset: $dataset, status: 'published', slot: $slot})
SET run.numEntities = $numEntities, run.numFoldedIn = $numFoldedIn, run.key = coalesce($key, run.key)
