// A run that was being written is abandoned, and whichever was once served from this slot has it no more. A run is later than all
// before it, also where the clock was set back.
MATCH (dataset:Dataset {name: $dataset})
CALL (dataset) {
  MATCH (former:EmbeddingRun {dataset: dataset.name})
  WHERE former.slot = $slot OR former.status = 'staging'
  OPTIONAL MATCH (former)-[:HAS_VECTORS|LEARNED]->(part:RunVectors|LearnedPosition)
  DETACH DELETE part
  SET former.slot = null,
      former.status = CASE former.status WHEN 'staging' THEN 'abandoned' ELSE former.status END
}
CALL (dataset) {
  MATCH (former:EmbeddingRun {dataset: dataset.name})
  RETURN max(former.startedAt) + duration({milliseconds: 1}) AS earliest
}
MERGE (run:EmbeddingRun {id: $id, dataset: dataset.name})
SET run.slot = $slot, run.status = 'staging', run.embeddingDim = $embeddingDim, run.report = $report, run.key = $key,
    run.numFoldedIn = 0,
    run.startedAt = coalesce(run.startedAt, CASE WHEN earliest > datetime() THEN earliest ELSE datetime() END)
MERGE (dataset)-[:HAS_RUN]->(run)
