// The last statement of a transaction that writes under a lease; no record means that it must not commit. The lock keeps
// others from taking the lease until the commit; it comes last, so that transactions wait for each other's commits only. A lease
// that has run out is its holder's until another takes it, which changes the token.
MATCH (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease
WHERE lease.token = $token AND lease.expires IS NOT NULL
RETURN lease.token AS token
