// From here until it has ended, nobody takes the data set for complete, nor the digests of the tables that are written for true.
MERGE (dataset:Dataset {name: $name})
SET dataset.description = $description, dataset.counts = null, dataset.fingerprint = null, dataset.state = null
WITH dataset
MATCH (dataset)-[:HAS_TABLE]->(table:IngestedTable)
WHERE table.key IN $written
SET table.rows = null
