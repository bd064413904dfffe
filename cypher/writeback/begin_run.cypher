// A run that was being written into this slot, or was once served from it, is no more.
MATCH (dataset:Dataset {name: $dataset})
CALL (dataset) {
  MATCH (former:EmbeddingRun {dataset: dataset.name, slot: $slot})
  SET former.slot = null,
      former.status = CASE former.status WHEN 'staging' THEN 'failed' ELSE former.status END
}
MERGE (run:EmbeddingRun {id: $id})
SET run.dataset = dataset.name, run.slot = $slot, run.status = 'staging', run.embeddingDim = $embeddingDim,
    run.report = $report, run.startedAt = datetime()
MERGE (dataset)-[:HAS_RUN]->(run)
