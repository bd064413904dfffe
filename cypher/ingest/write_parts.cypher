// Parts of the digests of tables whose rows are written; they are true once the ingest has ended.
UNWIND $batch.rows AS row
MATCH (dataset:Dataset {name: $dataset})
MERGE (dataset)-[:HAS_TABLE]->(table:IngestedTable {key: row.key})
CREATE (table)-[:HAS_PART]->(:IngestedPart {number: row.number, digests: row.digests, changed: row.changed})
