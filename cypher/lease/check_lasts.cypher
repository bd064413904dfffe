// The first statement of a transaction that changes the schema, which may lock no node: the lease must outlast it. One that is too
// short for that is renewed, and the transaction begun again.
MATCH (lease:WriteLease {dataset: $dataset})
WHERE lease.token = $token AND lease.expires > datetime.realtime() + duration({seconds: $seconds})
RETURN lease.token AS token
