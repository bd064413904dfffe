// The labels whose vectors are copied to fixed names, and the run whose copy is whole; null where there is none.
MATCH (dataset:Dataset {name: $dataset})
SET dataset.fixedNames = $labels, dataset.copiedRun = $run
