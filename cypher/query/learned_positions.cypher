// What the run learned of a hyperedge type, by position.
MATCH (:EmbeddingRun {id: $run, status: 'published'})-[:LEARNED]->(position:LearnedPosition {type: $type})
RETURN position {.*} AS position
ORDER BY position.position
