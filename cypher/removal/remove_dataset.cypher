// The last of a data set but its lease.
MATCH (dataset:Dataset {name: $dataset})
DETACH DELETE dataset
