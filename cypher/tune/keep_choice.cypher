// The settings that were chosen for a data set, for hosts that have chosen none themselves.
MATCH (dataset:Dataset {name: $dataset})
SET dataset.choice = $choice
