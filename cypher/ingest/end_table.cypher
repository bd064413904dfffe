// After the last part: from now on the digests are true.
MATCH (dataset:Dataset {name: $dataset})
MERGE (dataset)-[:HAS_TABLE]->(table:IngestedTable {key: $key})
SET table.rows = $rows
