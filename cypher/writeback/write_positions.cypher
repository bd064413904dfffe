// What a run learned of each position of its hyperedge types; bias is where an entity's list of biases has that of the position.
UNWIND $positions AS row
MATCH (run:EmbeddingRun {id: $id, dataset: $dataset, status: 'staging'})
MERGE (run)-[:LEARNED]->(position:LearnedPosition {type: row.type, position: row.position})
SET position = row
