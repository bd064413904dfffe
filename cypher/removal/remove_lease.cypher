// Only by its holder. The next lease of a data set of this name has a greater token all the same; see lease/take.
MATCH (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease
WHERE lease.token = $token
DELETE lease
