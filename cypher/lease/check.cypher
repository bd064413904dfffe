// The last statement of a transaction that writes under a lease; no record means that it must not commit. The lock keeps
// others from taking the lease until the commit; it comes last, so that transactions wait for each other's commits only.
MATCH (lease:WriteLease {dataset: $dataset})
SET lease.locked = true
WITH lease
WHERE lease.token = $token AND lease.expires > datetime.realtime()
RETURN lease.token AS token
