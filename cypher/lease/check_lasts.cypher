// The first statement of a transaction that changes the schema, which may lock no node: the lease, which was renewed just now, must
// outlast it.
MATCH (lease:WriteLease {dataset: $dataset})
WHERE lease.token = $token AND lease.expires > datetime.realtime() + duration({seconds: $seconds})
RETURN lease.token AS token
