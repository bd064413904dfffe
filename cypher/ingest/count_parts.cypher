MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(:IngestedTable {key: $key})-[:HAS_PART]->(part:IngestedPart)
RETURN count(part) AS parts
