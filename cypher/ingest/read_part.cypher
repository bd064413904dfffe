// Digests of some thousand rows, as Arrow data.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(:IngestedTable {key: $key})-[:HAS_PART]->(part:IngestedPart {number: $number})
RETURN part.digests AS digests
