// The node stays, so that the token goes on growing.
MATCH (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease
WHERE lease.token = $token
SET lease.expires = null
