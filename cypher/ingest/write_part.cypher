MATCH (dataset:Dataset {name: $dataset})
MERGE (dataset)-[:HAS_TABLE]->(table:IngestedTable {key: $key})
CREATE (table)-[:HAS_PART]->(:IngestedPart {number: $number, digests: $digests})
