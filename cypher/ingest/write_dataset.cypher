// The description of a data set, so that the graph tells by itself what it holds; counts are there once all of it is written.
MERGE (dataset:Dataset {name: $name})
SET dataset.description = $description, dataset.counts = $counts
