// The description of a data set, so that the graph tells by itself what it holds.
MATCH (dataset:Dataset {name: $name})
SET dataset.counts = $counts, dataset.fingerprint = $fingerprint, dataset.state = $state, dataset.ingest = $ingest,
    dataset.ingestedAt = datetime()
