// One small transaction: readers ask for the published run, or for where the served vectors are, and find either the former
// run's or this one's, whole. Only a run that has its slot is published. What the former run's nodes say of its vectors does not
// change: whoever found them reads to the end what they name. A run is served later than all before it, also where the clock was
// set back. The former one is remembered as rolled back where that was meant and it is the newer.
MATCH (dataset:Dataset)-[:HAS_RUN]->(run:EmbeddingRun {id: $id, status: $status, slot: $slot})
CALL (dataset, run) {
  MATCH (dataset)-[:HAS_RUN]->(former:EmbeddingRun {status: 'published'})
  SET former.status = 'superseded', former.rolledBack = $rollsBack AND former.startedAt > run.startedAt
  WITH former
  MATCH (former)-[:HAS_VECTORS]->(vectors:ServedVectors)
  REMOVE vectors:ServedVectors
}
CALL (dataset) {
  MATCH (dataset)-[:HAS_RUN]->(former:EmbeddingRun)
  RETURN max(former.publishedAt) + duration({milliseconds: 1}) AS earliest
}
SET run.status = 'published', run.rolledBack = false, run.numEntities = $numEntities,
    run.publishedAt = CASE WHEN earliest > datetime() THEN earliest ELSE datetime() END
WITH run
UNWIND $vectors AS row
MERGE (run)-[:HAS_VECTORS]->(vectors:RunVectors {label: row.label})
SET vectors:ServedVectors, vectors.dataset = run.dataset, vectors.run = run.id, vectors.dimension = run.embeddingDim,
    vectors.index = row.index, vectors.property = row.property, vectors.recall = coalesce(row.recall, vectors.recall)
