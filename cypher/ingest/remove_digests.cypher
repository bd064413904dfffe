// Of a table that gets new ones, or is no more.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(table:IngestedTable {key: $key})
OPTIONAL MATCH (table)-[:HAS_PART]->(part:IngestedPart)
DETACH DELETE table, part
