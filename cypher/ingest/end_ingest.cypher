// The description of a data set, so that the graph tells by itself what it holds. From now on the digests are true.
MATCH (dataset:Dataset {name: $name})
SET dataset.counts = $counts, dataset.fingerprint = $fingerprint, dataset.state = $state, dataset.ingest = $ingest,
    dataset.ingestedAt = datetime()
WITH dataset
UNWIND $written AS written
MERGE (dataset)-[:HAS_TABLE]->(table:IngestedTable {key: written.key})
SET table.rows = written.rows
