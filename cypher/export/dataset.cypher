MATCH (dataset:Dataset {name: $name})
RETURN dataset.description AS description, dataset.counts AS counts
