// Digests of some thousand rows, as Arrow data; where changed is a number, it is that of rows that changed since the parts before.
MATCH (:Dataset {name: $dataset})-[:HAS_TABLE]->(:IngestedTable {key: $key})-[:HAS_PART]->(part:IngestedPart {number: $number})
RETURN part.digests AS digests, part.changed AS changed
