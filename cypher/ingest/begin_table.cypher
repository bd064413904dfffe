// Before the first row of a table is written, its digests go: they would no longer be true.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(table:IngestedTable {key: $key})
OPTIONAL MATCH (table)-[:HAS_PART]->(part:IngestedPart)
DETACH DELETE table, part
