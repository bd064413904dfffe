// From here until it has ended, nobody takes the data set for complete.
MERGE (dataset:Dataset {name: $name})
SET dataset.description = $description, dataset.counts = null, dataset.fingerprint = null, dataset.state = null
